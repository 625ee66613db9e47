// Two ways to do the same thing, timed in turn, so that what happens to the machine meanwhile happens to both.
import { type Interval, median, medianInterval } from './statistics.ts'

export interface Estimate {
  readonly median: number
  readonly interval: Interval
}

export interface Alternation {
  /** other ÷ base. */
  readonly ratio: Estimate
  /** base ÷ base, taken in the same way: what this machine makes of no difference at all. */
  readonly same: Estimate
  /** Median time of the base. */
  readonly base: number
}

/** An arm does its work once and yields its time, in any unit. */
export type Arm = () => Promise<number> | number

export type Outcome = { readonly is: 'pass' | 'fail' } | { readonly is: 'unknown'; readonly why: string }

/** Rounds of base, other, other, base; after each, a round of base, base, base, base. */
export async function alternate({ base, other }: { readonly base: Arm; readonly other: Arm }, rounds: number): Promise<Alternation> {
  const ratios: number[] = []
  const sames: number[] = []
  const bases: number[] = []
  const round = async (inner: Arm) => {
    const [first, second, third, last] = [await base(), await inner(), await inner(), await base()]
    bases.push(first, last)
    return (second + third) / (first + last)
  }
  for (let at = 0; at < rounds; at++) {
    ratios.push(await round(other))
    sames.push(await round(base))
  }
  return { ratio: estimate(ratios), same: estimate(sames), base: median(bases) }
}

export function estimate(values: readonly number[]): Estimate {
  return { median: median(values), interval: medianInterval(values) }
}

/** Whether `other` costs less than `goal` (0.03 is 3 %) more than `base`. */
export function ratioVerdict({ ratio, same }: Alternation, goal: number): Outcome {
  const width = same.interval.high - same.interval.low
  if (!(width <= goal / 2))
    return { is: 'unknown', why: `two equal arms differ by up to ${(width * 100).toFixed(1)} %, more than half the goal` }
  return { is: ratio.median - 1 < goal ? 'pass' : 'fail' }
}
