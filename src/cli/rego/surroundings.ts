import { performance } from 'node:perf_hooks'
import type { HttpPort } from '../../lang/rego/builtins/http/port.ts'
import type { Surroundings } from '../../lang/rego/codegen/runtime.ts'
import { note } from '../terminal.ts'

/** What a policy that is asked on the command line knows of the outside: the time, and whom it may ask. What it prints goes to stderr. */
export const surroundings = (http?: HttpPort): Surroundings => ({
  now: BigInt(Date.now()) * 1_000_000n,
  clock: () => performance.now(),
  random: Math.random,
  print: note,
  ...(http === undefined ? {} : { http }),
})
