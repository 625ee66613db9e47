// How long a piece of work takes, over and over: in the figures of `opa bench`.

export interface Measured {
  readonly samples: number
  /** Nanoseconds, all samples together. */
  readonly total: number
  /** Nanoseconds of a sample by what they are called: 75%, …, count, max, mean, median, min, stddev. */
  readonly histogram: Readonly<Record<string, number>>
}

const PERCENTILES = [75, 90, 95, 99, 99.9, 99.99]
/** Times that are kept; of more, a fair choice. */
const KEPT = 1 << 18

/** Runs until the time is up, after a warm-up that does not count. @param milliseconds of each of both, the second in full */
export function measure(run: () => void, milliseconds: number, clock: () => number, random: () => number): Measured {
  for (const end = clock() + milliseconds / 4; clock() < end; ) run()
  const times: number[] = []
  let samples = 0
  const begun = clock()
  for (let now = begun; samples === 0 || now - begun < milliseconds; samples++) {
    const before = now
    run()
    now = clock()
    const time = (now - before) * 1e6
    if (times.length < KEPT) times.push(time)
    else {
      const at = Math.floor(random() * (samples + 1))
      if (at < KEPT) times[at] = time
    }
  }
  const total = (clock() - begun) * 1e6
  return { samples, total: Math.round(total), histogram: histogramOf(times, samples) }
}

/** Between two times as between two points of a line, as OPA's histograms do. */
export function percentile(sorted: readonly number[], percent: number): number {
  const place = (percent / 100) * (sorted.length + 1)
  if (place < 1) return sorted[0]!
  if (place >= sorted.length) return sorted.at(-1)!
  const [low, high] = [sorted[Math.floor(place) - 1]!, sorted[Math.floor(place)]!]
  return low + (place - Math.floor(place)) * (high - low)
}

function histogramOf(times: readonly number[], count: number): Readonly<Record<string, number>> {
  const sorted = times.toSorted((a, b) => a - b)
  const mean = sorted.reduce((sum, time) => sum + time, 0) / sorted.length
  const variance = sorted.reduce((sum, time) => sum + (time - mean) ** 2, 0) / sorted.length
  return {
    ...Object.fromEntries(PERCENTILES.map((percent) => [`${percent}%`, percentile(sorted, percent)])),
    count,
    max: sorted.at(-1)!,
    mean,
    median: percentile(sorted, 50),
    min: sorted[0]!,
    stddev: Math.sqrt(variance),
  }
}
