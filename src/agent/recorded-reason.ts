// Why something was decided, as a recording holds it. Whoever wrote it may be a stranger: what is not exactly a reason is none.
import { z } from 'zod'
import type { Because } from '../core/decision.ts'

const requirement = z.strictObject({
  key: z.string(),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
  values: z.array(z.string()),
})
const labels = z.array(requirement)
const selector = z.strictObject({ namespace: z.string().exactOptional(), namespaces: labels.exactOptional(), workloads: labels })
const peer = z.discriminatedUnion('is', [
  z.strictObject({ is: z.literal('anyone') }),
  z.strictObject({ is: z.literal('workloads'), selector }),
  z.strictObject({ is: z.literal('addresses'), block: z.strictObject({ cidr: z.string(), except: z.array(z.string()) }) }),
])
const predicate = z.discriminatedUnion('is', [
  z.strictObject({
    is: z.literal('traffic'),
    peer,
    protocol: z.enum(['TCP', 'UDP', 'SCTP']).exactOptional(),
    ports: z.tuple([z.int(), z.int()]).exactOptional(),
  }),
  z.strictObject({ is: z.literal('path'), path: z.string(), below: z.boolean() }),
  z.strictObject({ is: z.literal('fileless') }),
])
const rule = z.strictObject({
  cookie: z.int(),
  source: z.strictObject({ file: z.string(), line: z.int(), column: z.int() }),
  gate: z.enum(['exec', 'open', 'connect', 'accept', 'bind', 'cred', 'module', 'admit', 'release']),
  when: predicate,
  effect: z.enum(['allow', 'deny']),
  rank: z.int(),
})
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
