import { ThymusError } from '../core/errors.ts'
import { dnsLabelProblem, labelKeyProblem, labelValueProblem, subdomainProblem } from '../core/label-syntax.ts'
import { quote } from '../core/quote.ts'
import type { StartRequest } from '../server/api.ts'

/** More labels than any workload has; each is looked at by every selector. */
const MAX_LABELS = 64

/** Names and labels as Kubernetes takes them. @throws ThymusError WORKLOAD_NAME or WORKLOAD_LABEL naming what is wrong with it. */
export function checkWorkload({ name, namespace, labels }: Pick<StartRequest, 'name' | 'namespace' | 'labels'>): void {
  const wrongName = subdomainProblem(name)
  if (wrongName) throw new ThymusError('WORKLOAD_NAME', `${quote(name)} ${wrongName}`)
  const wrongNamespace = dnsLabelProblem(namespace)
  if (wrongNamespace) throw new ThymusError('WORKLOAD_NAME', `namespace ${quote(namespace)} ${wrongNamespace}`)
  const entries = Object.entries(labels)
  if (entries.length > MAX_LABELS) throw new ThymusError('WORKLOAD_LABEL', `${entries.length} labels, more than ${MAX_LABELS}`)
  for (const [key, value] of entries) {
    const wrongKey = labelKeyProblem(key)
    if (wrongKey) throw new ThymusError('WORKLOAD_LABEL', `key ${quote(key)} ${wrongKey}`)
    const wrongValue = labelValueProblem(value)
    if (wrongValue) throw new ThymusError('WORKLOAD_LABEL', `${key}: ${quote(value)} ${wrongValue}`)
  }
}
