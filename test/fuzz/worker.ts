// Runs the cases, one after the other, and says of each how it ended.
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { ThymusError } from '../../src/core/errors.ts'
import { Random } from '../kit/random.ts'
import { GROUPS } from './groups.ts'

export interface Task {
  /** The group of targets. */
  readonly group: string
  readonly seed: number
  readonly first: number
  readonly last: number
  /** The targets; all if none is named. */
  readonly only: readonly string[]
  /** Modules to begin from, beside those that are made. */
  readonly programs: readonly string[]
}

export type Said =
  | { readonly kind: 'begins'; readonly at: number; readonly target: string }
  | { readonly kind: 'ends'; readonly target: string; readonly outcome: string }
  | { readonly kind: 'find'; readonly what: string }

/** Runs once, and throws nothing but ThymusErrors; the answer says what it came to. */
export type Target = (random: Random, programs: readonly string[]) => string

const PROTOTYPES = [Object, Array, Map, Set, String, Number, Function, RegExp, Error].map(({ prototype }) => prototype as object)
const shape = () =>
  [globalThis, ...PROTOTYPES].map((each) => Reflect.ownKeys(each).map(String).join()).join(';') +
  String(Object.getPrototypeOf({}) === Object.prototype)

if (!isMainThread) run(workerData as Task)

function run({ group, seed, first, last, only, programs }: Task): void {
  const say = (said: Said) => parentPort!.postMessage(said)
  const targets = GROUPS[group]!
  const names = Object.keys(targets).filter((name) => only.length === 0 || only.includes(name))
  const before = shape()
  for (let at = first; at <= last; at++) {
    const random = new Random(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(at + 1, 0x85ebca6b))
    const target = random.of(names)
    say({ kind: 'begins', at, target })
    try {
      say({ kind: 'ends', target, outcome: targets[target]!(random, programs) })
    } catch (error) {
      if (error instanceof ThymusError) say({ kind: 'ends', target, outcome: error.code })
      else say({ kind: 'find', what: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
    if (shape() !== before) {
      say({ kind: 'find', what: 'a prototype, or the global object, is not as it was' })
      return
    }
  }
}
