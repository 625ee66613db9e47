// What functions were for their arguments: in this evaluation, and for those that follow from the data and an argument alone, in earlier ones.
import type { Value } from '../values/value.ts'
import type { Known, Runtime } from './runtime.ts'

/** Arguments by which a function is remembered, and second ones for each. */
const MAX_MEMO = 512

const isScalar = (value: Value) => value === null || typeof value !== 'object'

/** Where a function remembers what it is for its last argument; undefined where it does not, because that would cost more, or grow too large. */
export function memoOf(runtime: Runtime, slot: number, last: Value, first?: Value): Memo | undefined {
  // What stands for a function calls the others unreplaced, in the same world.
  if (runtime.mocks !== undefined || !isScalar(last)) return undefined
  let memo = runtime.memo[slot] as Memo | undefined
  if (memo === undefined) {
    memo = new Map()
    runtime.memo[slot] = memo
  }
  if (first !== undefined) {
    if (!isScalar(first)) return undefined
    let inner = memo.get(first) as Memo | undefined
    if (inner === undefined) {
      if (memo.size === MAX_MEMO) return undefined
      inner = new Map()
      memo.set(first, inner)
    }
    memo = inner
  }
  return memo.size < MAX_MEMO || memo.has(last) ? memo : undefined
}

type Memo = Map<Value, unknown>

/** What a function was for arguments in earlier evaluations of the same data. */
interface Calls {
  readonly values: Map<Value, unknown>
  /** Taken of the room that there is. */
  bytes: number
}

/** Bytes of an argument, of what the function is for it, and of their place. */
const ENTRY = 64
/** So many bytes at most: whoever sends an input chooses the arguments. */
const MOST_KEPT = 1_024

/** What a function of one argument is known to be for it. */
export function knownCall(runtime: Runtime, data: Value, slot: number, arg: Value): unknown {
  if (!isScalar(arg)) return undefined
  const calls = runtime.keptFor(data)?.values[slot] as Calls | undefined
  return calls?.values.get(arg) ?? memoOf(runtime, slot, arg)?.get(arg)
}

/** Remembers what it is, and if that is a short scalar too and there is room, keeps it. */
export function keepCall(runtime: Runtime, data: Value, slot: number, arg: Value, value: unknown): void {
  if (!isScalar(arg)) return
  const known = runtime.keptFor(data)
  if (known === undefined || !kept(known, slot, arg, value)) memoOf(runtime, slot, arg)?.set(arg, value)
}

const bytesOf = (value: unknown) => (typeof value === 'string' ? 2 * value.length : 0)

function kept(known: Known, slot: number, arg: Value, value: unknown): boolean {
  const size = ENTRY + bytesOf(arg) + bytesOf(value)
  if (size > MOST_KEPT || typeof value === 'object') return false
  let calls = known.values[slot] as Calls | undefined
  // Whoever sends an object chooses the arguments: those that come now are worth no less than those that came first.
  if (calls === undefined || calls.values.size === MAX_MEMO) {
    known.room += calls?.bytes ?? 0
    calls = { values: new Map(), bytes: 0 }
    known.values[slot] = calls
  }
  if (size > known.room) return false
  known.room -= size
  calls.bytes += size
  calls.values.set(arg, value)
  return true
}
