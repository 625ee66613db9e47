// Medians and their intervals. Distribution-free: what a shared machine does to a measurement is not normal.

export interface Interval {
  readonly low: number
  readonly high: number
}

/** The value below which a share of the values lies (nearest rank). @throws RangeError of no values */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('no values')
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))]!
}

/** The mean of the two middle values where their number is even. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values')
  const sorted = Float64Array.from(values).sort()
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

/**
 * The narrowest pair of order statistics that holds the true median with a probability of at least 95 %: each value is above it or below
 * it like a tossed coin. Fewer than six values hold no such pair; then the interval is everything.
 */
export function medianInterval(values: readonly number[]): Interval {
  const sorted = Float64Array.from(values).sort()
  const count = sorted.length
  let outside = 0 // probability that at most `rank` values lie below the median
  let rank = -1
  for (let term = 2 ** -count; rank + 1 < count / 2 && outside + term <= 0.025; rank++) {
    outside += term
    term *= (count - rank - 1) / (rank + 2)
  }
  if (rank < 0) return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
  return { low: sorted[rank]!, high: sorted[count - 1 - rank]! }
}
