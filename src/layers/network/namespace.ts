import { z } from 'zod'
import type { Labels } from '../../core/labels.ts'
import { NAMESPACE_NAME } from '../../core/workload.ts'
import type { Part, Problems } from './problems.ts'
import { conform, metadata, namespaceName, withRules } from './schema.ts'

/** Namespace, v1. Only its labels matter here. */
const schema = z.strictObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: withRules(metadata.extend({ name: namespaceName }), ({ name, namespace, labels }, complain) => {
    if (namespace != null) complain(['namespace'], 'a Namespace is in none')
    const label = labels?.[NAMESPACE_NAME]
    if (label !== undefined && label !== name) complain(['labels', NAMESPACE_NAME], 'must be the name of the namespace')
  }),
  spec: z.unknown().optional(),
  status: z.unknown().optional(),
})

/** Name and labels; undefined after the problems were added. */
export function readNamespace(part: Part, problems: Problems): { readonly name: string; readonly labels: Labels } | undefined {
  const document = conform(schema, part, problems)
  return document && { name: document.metadata.name, labels: document.metadata.labels ?? {} }
}
