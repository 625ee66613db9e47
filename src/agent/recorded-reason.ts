// Why something was decided, as a recording holds it. Whoever wrote it may be a stranger: what is not exactly a reason is none.
import { z } from 'zod'
import type { Because } from '../core/decision.ts'
import { rule } from '../formats/doors/rule.ts'

const because: z.ZodType<Because> = z.union([
  z.strictObject({ rule, policy: z.string() }),
  z.strictObject({ implicit: z.array(z.string()) }),
  z.strictObject({ free: z.literal(true) }),
  z.strictObject({ unknown: z.strictObject({ code: z.string(), text: z.string() }) }),
])

/** The reason that a value is, or undefined. */
export function reasonOf(value: unknown): Because | undefined {
  return because.safeParse(value).data
}
