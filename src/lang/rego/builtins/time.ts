import type { Builtin } from '../codegen/runtime.ts'
import { fromBigInt } from '../values/decimal.ts'

/** The clock, which stands still during an evaluation. */
export const TIME: Readonly<Record<string, Builtin>> = {
  'time.now_ns': (runtime) => fromBigInt(runtime.surroundings.now),
}
