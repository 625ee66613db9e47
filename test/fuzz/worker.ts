// Runs the cases, one after the other, and counts how they end.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { ThymusError } from '../../src/core/errors.ts'
import { Random } from '../kit/random.ts'
import { type ByteTarget, Corpus, MAX_KEPT } from './bytes.ts'
import { GROUPS } from './groups.ts'

export interface Task {
  /** The group of targets. */
  readonly group: string
  readonly seed: number
  /** The number of the first case, and of the last. */
  readonly first: number
  readonly last: number
  /** The names of the targets. */
  readonly only: readonly string[]
  /** Modules to begin from, beside those that are made. */
  readonly programs: readonly string[]
  /** Where inputs that were kept are found, and put: a folder for each target. */
  readonly corpus: string | undefined
  /** One input, to be read once, in place of all cases. */
  readonly input: Uint8Array | undefined
  /** What runs now: the case, the target's place in `only`, the length of its input. Told to a thread that may hang or die. */
  readonly now: Int32Array<SharedArrayBuffer>
  readonly bytes: Uint8Array<SharedArrayBuffer>
}

/** What one target came to since it was last said. */
export interface Said {
  readonly target: string
  readonly outcomes: Readonly<Record<string, number>>
  /** Microseconds of processor. */
  readonly cpu: number
  /** How many inputs it has to begin from, where these are bytes. */
  readonly kept?: number
  readonly finds: readonly { readonly at: number; readonly what: string; readonly input?: Uint8Array }[]
}

/** Makes a case, runs it and throws nothing but ThymusErrors; the answer says what it came to. */
type Generator = (random: Random, programs: readonly string[]) => string
export type Target = Generator | ByteTarget

/** For so many milliseconds the cases are of one target; then comes the one that had the least of the processor. */
const TURN = 50

const PROTOTYPES = [Object, Array, Map, Set, String, Number, Function, RegExp, Error].map(({ prototype }) => prototype as object)
const shape = () =>
  [globalThis, ...PROTOTYPES].map((each) => Reflect.ownKeys(each).map(String).join()).join(';') +
  String(Object.getPrototypeOf({}) === Object.prototype)

if (!isMainThread) run(workerData as Task)

function run(task: Task): void {
  const fuzzed = task.only.map((name, number) => {
    const target = GROUPS[task.group]![name]!
    return { name, number, target, cpu: 0, attempt: attempts(name, target, task) }
  })
  const before = shape()
  for (let at = task.first; at <= task.last; ) {
    const first = at
    const target = fuzzed.reduce((least, each) => (each.cpu < least.cpu ? each : least))
    task.now[1] = target.number
    const [start, end] = [process.threadCpuUsage(), performance.now() + TURN]
    const [outcomes, finds]: [Record<string, number>, { at: number; what: string; input?: Uint8Array }[]] = [{}, []]
    for (; at <= task.last && performance.now() < end; at++) {
      task.now[0] = at
      try {
        const outcome = target.attempt(new Random(Math.imul(task.seed + 1, 0x9e3779b1) ^ Math.imul(at + 1, 0x85ebca6b)))
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      } catch (error) {
        const input = typeof target.target === 'function' ? {} : { input: task.bytes.slice(0, task.now[2]) }
        finds.push({ at, what: error instanceof Error ? (error.stack ?? error.message) : String(error), ...input })
      }
    }
    const changed = shape() !== before
    if (changed)
      finds.push({ at: first, what: `a prototype, or the global object, is not as it was before the ${at - first} cases from here` })
    const { user, system } = process.threadCpuUsage(start)
    target.cpu += user + system
    const kept = target.attempt.corpus?.size
    parentPort!.postMessage({ target: target.name, outcomes, cpu: user + system, finds, ...(kept && { kept }) } satisfies Said)
    if (changed) return
  }
}

/** Runs one case and answers how it ended: `done`, or a code. Anything thrown that has no code is thrown on. */
type Attempt = (random: Random) => string

function attempts(
  name: string,
  target: Target,
  { programs, corpus: folder, input, now, bytes }: Task,
): Attempt & { readonly corpus?: Corpus } {
  if (typeof target === 'function') return (random) => codeOf(() => target(random, programs))
  const corpus = folder === undefined ? new Corpus(target) : corpusIn(join(folder, name), target)
  const attempt: Attempt = (random) => {
    const read = input === undefined ? corpus.next(random) : Buffer.from(input)
    now[2] = read.length
    bytes.set(read)
    return codeOf(() => {
      try {
        corpus.ended(read, target.read(read))
      } catch (error) {
        corpus.ended(read, error)
        throw error
      }
      return 'read'
    })
  }
  return Object.assign(attempt, { corpus })
}

/** A corpus that is kept in a folder, which several runs may share. */
function corpusIn(folder: string, target: ByteTarget): Corpus {
  mkdirSync(folder, { recursive: true })
  const files = readdirSync(folder).slice(0, MAX_KEPT)
  const before = files.map((file) => readFileSync(join(folder, file)))
  return new Corpus(target, before, (bytes) => writeFileSync(join(folder, createHash('sha256').update(bytes).digest('hex')), bytes))
}

function codeOf(run: () => string): string {
  try {
    return run()
  } catch (error) {
    if (error instanceof ThymusError) return error.code
    throw error
  }
}
