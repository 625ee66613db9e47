// Several ways to do something in this process, timed in turn by the time that the process itself took: what else runs on the machine is not
// counted, though it still takes caches away.
import { ownTime } from '../../test/kit/own-time.ts'
import { type Estimate, estimate } from './alternate.ts'

const ROUNDS = 15
const WARM_UP = 3
/** How long one arm works at a time. */
const ARM_MS = 60

/** Microseconds of each arm for one call. */
export function inTurn<NAME extends string>(arms: Readonly<Record<NAME, () => unknown>>): Readonly<Record<NAME, Estimate>> {
  const names = Object.keys(arms) as NAME[]
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<NAME, number[]>
  for (let round = 0; round < ROUNDS + WARM_UP; round++) {
    for (const name of names) {
      const begun = ownTime()
      let [count, took] = [0, 0]
      for (; took < ARM_MS; took = ownTime() - begun) {
        arms[name]()
        count++
      }
      if (round >= WARM_UP) times[name].push((took * 1000) / count)
    }
  }
  return Object.fromEntries(names.map((name) => [name, estimate(times[name])])) as Record<NAME, Estimate>
}

/** As often a second as a call of so many microseconds can be. */
export const perSecond = ({ median, interval }: Estimate): Estimate => ({
  median: 1e6 / median,
  interval: { low: 1e6 / interval.high, high: 1e6 / interval.low },
})
