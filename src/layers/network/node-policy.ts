// NodePolicy, thymus.dev/v1: what the node itself may do, whoever asks for it. docs/policies.md is its specification.
import { z } from 'zod'
import { MODES } from '../../core/workload.ts'
import type { Part, Problems } from './problems.ts'
import type { Written } from './rules.ts'
import { RANK } from './rules.ts'
import { conform, metadata, withRules } from './schema.ts'

const digest = withRules(z.string(), (value, complain) => {
  if (!/^[0-9a-f]{64}$/.test(value)) complain([], 'is no SHA-256: 64 digits, in lower case')
})
const effect = z.enum(['allow', 'deny'])
const schema = z.strictObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: withRules(metadata, ({ namespace }, complain) => {
    if (namespace != null) complain(['namespace'], 'a node has none')
  }),
  spec: z.strictObject({
    mode: z.enum(MODES).optional(),
    modules: z.strictObject({
      default: effect.optional(),
      rules: z.array(z.strictObject({ effect, sha256: digest })).optional(),
    }),
  }),
})

/** The policy in a document of this kind; undefined after its problems were added. */
export function readNodePolicy(part: Part, problems: Problems): Written | undefined {
  const document = conform(schema, part, problems)
  if (document === undefined) return undefined
  const { metadata, spec } = document
  const { default: otherwise, rules = [] } = spec.modules
  return {
    policy: {
      id: `NodePolicy/${metadata.name}`,
      kind: 'NodePolicy',
      namespace: '',
      source: problems.span(part, ['spec', 'modules']),
      applies: { node: true, workloads: [] },
      isolates: otherwise === 'deny' ? ['module'] : [],
      mode: spec.mode ?? 'observe',
    },
    clauses: rules.map(({ effect, sha256 }, at) => ({
      gate: 'module',
      effect,
      rank: RANK[effect],
      when: { is: 'content', sha256 },
      source: problems.span(part, ['spec', 'modules', 'rules', at]),
    })),
  }
}
