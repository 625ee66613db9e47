import { performance } from 'node:perf_hooks'
import type { Surroundings } from '../lang/rego/codegen/runtime.ts'

/** What a policy that is asked on this machine knows of the outside: the time, chance, and what it is given beside. */
export const surroundings = (given: Pick<Surroundings, 'print' | 'http'> = {}): Surroundings => ({
  now: BigInt(Date.now()) * 1_000_000n,
  clock: () => performance.now(),
  random: Math.random,
  ...given,
})
