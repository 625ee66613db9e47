import { performance } from 'node:perf_hooks'
import type { Surroundings } from '../../lang/rego/codegen/runtime.ts'
import { note } from '../terminal.ts'

/** What a policy that is asked on the command line knows of the outside: the time. What it prints goes to stderr. */
export const surroundings = (): Surroundings => ({
  now: BigInt(Date.now()) * 1_000_000n,
  clock: () => performance.now(),
  random: Math.random,
  print: note,
})
