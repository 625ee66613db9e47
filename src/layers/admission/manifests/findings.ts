// What is wrong with objects as findings, with ids that the next run gives again.
import { createHash } from 'node:crypto'
import { type Finding, type FindingCode, type FindingRule, SEVERITIES, type Severity } from '../../../core/finding.ts'
import { generateNameOf, type KubernetesObject, kindOf, nameOf, namespaceOf } from '../../../formats/kubernetes/object.ts'
import { type FieldPath, fieldPathText } from '../field-path.ts'
import type { ManifestObject } from './document.ts'

export interface Fault {
  readonly code: FindingCode
  readonly severity: Severity
  readonly rule: FindingRule
  readonly remedy: string
  readonly message: string
  /** In the object that is written; empty for the whole of it. */
  readonly path: FieldPath
  readonly evidence: Readonly<Record<string, unknown>>
  /** By trying: no part of the id, for it is not tried for all. */
  readonly isFound?: boolean
  /** The check of Pod Security that says it. */
  readonly check?: string
  /** Those that say the same. */
  readonly alsoPodSecurity?: readonly string[]
}

export const compareSeverity = (one: Severity, other: Severity) => SEVERITIES.indexOf(one) - SEVERITIES.indexOf(other)

/** Each object's own, by their lines. */
export function findingsOf(
  judged: readonly { readonly each: ManifestObject; readonly faults: readonly Fault[] }[],
  at: number,
): readonly Finding[] {
  const times = new Map<string, number>()
  return judged.flatMap(({ each, faults }) => faults.map((fault) => findingOf(each, fault, at, times)).sort(byPlace))
}

function findingOf(
  each: ManifestObject,
  { code, severity, rule, remedy, message, path, isFound, evidence }: Fault,
  at: number,
  times: Map<string, number>,
) {
  const { object, file, source } = each
  const about = aboutOf(object)
  const field = fieldPathText(path)
  const key = JSON.stringify([rule.name, file, kindOf(object).group, about, isFound ? '' : field])
  const time = times.get(key) ?? 0
  times.set(key, time + 1)
  const finding: Finding = {
    id: createHash('sha256')
      .update(`${key}${time === 0 ? '' : time}`)
      .digest('hex')
      .slice(0, 16),
    code,
    layer: 'admission',
    severity,
    at,
    about,
    title: source === '' ? message : `${message} (${source})`,
    evidence: { ...(field !== '' && { field }), ...evidence },
    because: null,
    remedy,
    place: each.place(path),
    rule: { name: rule.name, title: rule.title, reason: rule.reason },
  }
  return finding
}

function aboutOf(object: KubernetesObject): string {
  const generated = generateNameOf(object)
  const name = nameOf(object) || (generated === '' ? '(no name)' : `${generated}*`)
  const namespace = namespaceOf(object)
  return `${kindOf(object).kind} ${namespace === '' ? '' : `${namespace}/`}${name}`
}

function byPlace({ place: one, ...a }: Finding, { place: other, ...b }: Finding): number {
  return one!.line - other!.line || one!.column - other!.column || compareSeverity(b.severity, a.severity)
}
