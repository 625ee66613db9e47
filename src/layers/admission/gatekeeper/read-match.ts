// `spec.match` of constraints and mutators, as it is written.

import { labelKeyProblem, labelValueProblem } from '../../../core/label-syntax.ts'
import type { LabelSelector, Requirement } from '../../../core/labels.ts'
import type { FieldReader } from '../../../formats/kubernetes/field-reader.ts'
import type { Match } from './match.ts'

/** Throws the reader's error for a field of a wrong type, or a selector that Kubernetes would refuse. */
export function readMatch(match: FieldReader): Match {
  const kinds = match.objects('kinds').map((each) => ({ apiGroups: each.texts('apiGroups'), kinds: each.texts('kinds') }))
  return {
    source: match.text('source'),
    kinds,
    scope: match.text('scope'),
    namespaces: match.texts('namespaces'),
    excludedNamespaces: match.texts('excludedNamespaces'),
    name: match.text('name'),
    ...(match.has('labelSelector') ? { labelSelector: readSelector(match.object('labelSelector')) } : {}),
    ...(match.has('namespaceSelector') ? { namespaceSelector: readSelector(match.object('namespaceSelector')) } : {}),
  }
}

const OPERATORS: readonly string[] = ['In', 'NotIn', 'Exists', 'DoesNotExist'] satisfies readonly Requirement['operator'][]

function readSelector(selector: FieldReader): LabelSelector {
  const labels = selector.object('matchLabels')
  const exact = labels.names.map((key) => checked(selector, 'matchLabels', { key, operator: 'In', values: [labels.text(key)] }))
  const expressions = selector.objects('matchExpressions').map((each) => {
    const operator = each.text('operator')
    if (!OPERATORS.includes(operator)) each.fail('operator', 'is none of a label selector')
    const values = each.texts('values')
    const isList = operator === 'In' || operator === 'NotIn'
    if (isList !== values.length > 0) each.fail('values', isList ? `must be there for ${operator}` : `must be empty for ${operator}`)
    return checked(each, 'values', { key: each.text('key'), operator: operator as Requirement['operator'], values })
  })
  return [...exact, ...expressions]
}

function checked(reader: FieldReader, field: string, requirement: Requirement): Requirement {
  const key = labelKeyProblem(requirement.key)
  if (key !== undefined) reader.fail(field === 'values' ? 'key' : field, `${JSON.stringify(requirement.key)} ${key}`)
  for (const value of requirement.values) {
    const problem = labelValueProblem(value)
    if (problem !== undefined) reader.fail(field, `${JSON.stringify(value)} ${problem}`)
  }
  return requirement
}
