// A boot held to its reference: where they part, register by register.
import type { Measurement } from '../boot/measurement.ts'
import type { Reference } from './reference.ts'

/** `wanted` without `got`: it was not measured. `got` without `wanted`: nobody recorded it. Both: one in place of the other. */
export interface Difference {
  readonly register: number
  readonly wanted?: Reference
  readonly got?: Measurement
}

/** Tables of this many cells are filled in some milliseconds; boots that differ in more have nothing in common that is worth finding. */
const MAX_CELLS = 1 << 22

/**
 * All differences, by register in rising order. None: what extends each register is what was recorded, in that order.
 * @param except registers that are not looked at
 */
export function differences(
  reference: readonly Reference[],
  boot: readonly Measurement[],
  except: readonly number[] = [],
): readonly Difference[] {
  const wanted = Map.groupBy(reference.map(wantedOf), ({ of }) => of.register)
  const got = Map.groupBy(boot.map(gotOf), ({ of }) => of.event.register)
  const registers = [...new Set([...wanted.keys(), ...got.keys()])].filter((register) => !except.includes(register)).sort((a, b) => a - b)
  return registers.flatMap((register) =>
    gaps(wanted.get(register) ?? [], got.get(register) ?? []).flatMap((gap) => paired(gap).map((pair) => ({ register, ...pair }))),
  )
}

/** Digests alone are compared, as texts: no register depends on an event's type. */
interface Wanted {
  readonly of: Reference
  readonly allowed: ReadonlySet<string>
}
interface Got {
  readonly of: Measurement
  readonly measured: string
}

const wantedOf = (of: Reference): Wanted => ({ of, allowed: new Set(of.allowed.map(({ digest }) => digest)) })
const gotOf = (of: Measurement): Got => ({ of, measured: of.digest.toString('hex') })
const fits = ({ of, allowed }: Wanted, got: Got) => allowed.has(got.measured) || (of.volatile === true && of.subject === got.of.subject)

interface Gap {
  readonly wanted: readonly Wanted[]
  readonly got: readonly Got[]
}

/** What lies between the measurements that both have in common. */
function gaps(wanted: readonly Wanted[], got: readonly Got[]): readonly Gap[] {
  let start = 0
  while (start < wanted.length && start < got.length && fits(wanted[start]!, got[start]!)) start++
  let end = 0
  while (end < Math.min(wanted.length, got.length) - start && fits(wanted.at(-1 - end)!, got.at(-1 - end)!)) end++
  const [a, b] = [wanted.slice(start, wanted.length - end), got.slice(start, got.length - end)]
  if (a.length === 0 && b.length === 0) return []
  return a.length * b.length > MAX_CELLS ? [{ wanted: a, got: b }] : aligned(a, b)
}

/** The longest sequence that both have in common, by the usual table of lengths. */
function aligned(wanted: readonly Wanted[], got: readonly Got[]): readonly Gap[] {
  const width = got.length + 1
  const lengths = new Uint32Array((wanted.length + 1) * width)
  for (let i = wanted.length - 1; i >= 0; i--) {
    for (let j = got.length - 1; j >= 0; j--) {
      lengths[i * width + j] = fits(wanted[i]!, got[j]!)
        ? lengths[(i + 1) * width + j + 1]! + 1
        : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!)
    }
  }
  const found: { wanted: Wanted[]; got: Got[] }[] = [{ wanted: [], got: [] }]
  let [i, j] = [0, 0]
  while (i < wanted.length || j < got.length) {
    if (i < wanted.length && j < got.length && fits(wanted[i]!, got[j]!)) {
      found.push({ wanted: [], got: [] })
      i++
      j++
    } else if (j === got.length || (i < wanted.length && lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!)) {
      found.at(-1)!.wanted.push(wanted[i++]!)
    } else {
      found.at(-1)!.got.push(got[j++]!)
    }
  }
  return found.filter((gap) => gap.wanted.length + gap.got.length > 0)
}

/** Things that stand in one another's place whatever they are called. */
const REPLACEABLE: ReadonlySet<string> = new Set(['application', 'file', 'initrd', 'authority', 'boot-option'])

/** Puts what was measured beside what should have been in its place: the same thing first, then the same sort of thing. */
function paired({ wanted, got }: Gap): readonly Omit<Difference, 'register'>[] {
  const left = new Set(got.map(({ of }) => of))
  const pairs = new Map<Reference, Measurement>()
  for (const place of PLACES) {
    const takers = Map.groupBy(left, (each) => place(each, each.text))
    for (const { of: want } of wanted) {
      const key = place(want, want.allowed[0]!.text)
      const each = pairs.has(want) || key === undefined ? undefined : takers.get(key)?.shift()
      if (each === undefined) continue
      pairs.set(want, each)
      left.delete(each)
    }
  }
  const gone = wanted.map(({ of }) => (pairs.has(of) ? { wanted: of, got: pairs.get(of)! } : { wanted: of }))
  return [...gone, ...[...left].map((each) => ({ got: each }))]
}

type Place = (what: { readonly kind: string; readonly subject: string }, text: string | undefined) => string | undefined

/** What stands in the same place has the same of these, in order of how much it says. */
const PLACES: readonly Place[] = [
  ({ subject }, text) => `${subject} ${text?.split(' ', 1)[0]}`,
  ({ subject }) => subject,
  ({ kind }) => (REPLACEABLE.has(kind) ? kind : undefined),
]
