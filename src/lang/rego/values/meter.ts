// Walks through values count as steps of the evaluation that asks. Parts that are shared are walked once for each way that leads to them:
// an array that holds two of the array before it, and so on forty times, is a value of 2^40 parts.
import { RegoError } from '../errors.ts'

/** What an evaluation has left. Both throw RegoError REGO_LIMIT where that is not enough. */
export interface Meter {
  /** Takes steps, before they are done. */
  charge(steps: number): void
  /** Takes bytes, before they are made. */
  spend(bytes: number): void
}

/** What the walk through a value may take when no evaluation is under way. */
const STEPS = 50_000_000
const BYTES = 512 * 2 ** 20

/** Bytes that a part of a collection takes, about. */
const PART = 32

/** The longest text that is made of a value, in UTF-16 units. */
const MAX_TEXT = 2 ** 27

/** What a key may take that is held for nothing. */
const SHORT = 1_024

let meter: Meter | undefined

/** Has an evaluation pay for the walks that it causes; the answer is who paid before, to be put back. */
export function payer(next: Meter | undefined): Meter | undefined {
  const before = meter
  meter = next
  return before
}

/** Before a walk goes into a collection of so many parts. */
export function walk(parts: number): void {
  meter?.charge(parts + 1)
}

/** Before a collection of so many parts is made of another. */
export function copying(parts: number): void {
  walk(parts)
  meter?.spend((parts + 1) * PART)
}

/** A text that was made of a collection. */
export function made(text: string): string {
  if (text.length > MAX_TEXT) throw tooLarge()
  return text
}

/** Before a key is held for as long as a collection. */
export function holding(key: unknown): void {
  if (typeof key === 'string' && key.length > SHORT) meter?.spend(key.length)
}

const tooLarge = () => new RegoError('REGO_LIMIT', 'eval_cancel_error', 'a value too large to be written')

/** A walk that ends in any case: where no evaluation pays for it, it has as much as one has. */
export function bounded<T>(run: () => T): T {
  if (meter !== undefined) return run()
  let [steps, bytes] = [STEPS, BYTES]
  payer({
    charge: (count) => {
      steps -= count
      if (steps < 0) throw tooLarge()
    },
    spend: (count) => {
      bytes -= count
      if (bytes < 0) throw tooLarge()
    },
  })
  try {
    return run()
  } catch (error) {
    if (error instanceof RangeError) throw new RegoError('REGO_LIMIT', 'eval_cancel_error', 'out of stack or memory', { cause: error })
    throw error
  } finally {
    payer(undefined)
  }
}
