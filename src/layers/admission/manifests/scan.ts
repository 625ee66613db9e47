// What would be refused, or warned about, if these objects were deployed: each is held to a Pod Security Standard and to every policy, and
// so are the pods that it would make.
import { ThymusError } from '../../../core/errors.ts'
import type { Finding } from '../../../core/finding.ts'
import { isFields, isNamespace, type KubernetesObject, nameOf, namespaceOf } from '../../../formats/kubernetes/object.ts'
import { type FieldPath, fieldPathText, parseFieldPath } from '../field-path.ts'
import { implied } from '../gatekeeper/expansion.ts'
import type { ObjectSource } from '../gatekeeper/match.ts'
import { type Question, questionOf } from '../gatekeeper/question.ts'
import { judgePod } from '../pod-security/evaluate.ts'
import { type LevelVersion, levelVersionText } from '../pod-security/level.ts'
import { podIn } from '../pod-security/pod-source.ts'
import type { ManifestObject } from './document.ts'
import type { Made } from './expansions.ts'
import { compareSeverity, type Fault, findingsOf } from './findings.ts'
import { podSecurityRule } from './pod-security-rules.ts'
import { type Policy, severityOf, type Told } from './policy.ts'
import type { PolicySet } from './policy-set.ts'

export interface ScanOptions {
  /** `privileged` allows everything. */
  readonly podSecurity: LevelVersion
  readonly policies: PolicySet
  /** Of the findings; ms since 1970. */
  readonly at: number
}

/**
 * By file, in the order in which they come, and by place. The objects are also what policies know of the cluster (`data.inventory`), and
 * what Namespaces are looked up in.
 */
export function scan(objects: readonly ManifestObject[], options: ScanOptions): readonly Finding[] {
  const { policies } = options.policies
  const namespaces = new Map<string, KubernetesObject>()
  for (const { object } of objects) {
    for (const policy of policies) policy.know(object)
    if (isNamespace(object)) namespaces.set(nameOf(object), object)
  }
  return findingsOf(
    objects.map((each) => {
      const namespace = namespaces.get(namespaceOf(each.object))
      return { each, faults: withoutRepeats([...podSecurity(each, options), ...violations(each, namespace, options)]) }
    }),
    options.at,
  )
}

function podSecurity({ object }: ManifestObject, { podSecurity }: ScanOptions): readonly Fault[] {
  if (podSecurity.level === 'privileged') return []
  try {
    const pod = podIn(object)
    if (pod === undefined) return []
    return judgePod(podSecurity, pod).failures.flatMap(({ check, reason, detail, fields }) => {
      const { severity, remedy, ...rule } = podSecurityRule(check)
      const message = `Pod Security ${levelVersionText(podSecurity)}: ${detail === '' ? reason : `${reason} (${detail})`}`
      const evidence = { standard: levelVersionText(podSecurity), check }
      return fields.map((field): Fault => {
        return { code: 'ADM_POD_SECURITY', severity, rule, remedy, message, path: parseFieldPath(field) ?? [], evidence, check }
      })
    })
  } catch (error) {
    if (!(error instanceof ThymusError)) throw error
    const rule = { name: 'PodSecurity', title: 'A pod can be held to the Pod Security Standards', reason: '' }
    const path = parseFieldPath(error.at ?? '') ?? []
    return [unjudged({ rule, severity: 'high', error: error.message, path })]
  }
}

interface Target {
  readonly question: Question
  /** Where the asked object is in the one that is written. */
  readonly path: FieldPath
  readonly made: Made | undefined
}

function violations(each: ManifestObject, namespace: KubernetesObject | undefined, { policies }: ScanOptions): readonly Fault[] {
  const faults: Fault[] = []
  const targets: Target[] = [{ question: asked(each.object, 'Original', namespace), path: [], made: undefined }]
  try {
    for (const made of policies.expansions.of(each.object, namespace))
      targets.push({ question: asked(made.object, 'Generated', namespace), path: made.path, made })
  } catch (error) {
    if (!(error instanceof ThymusError)) throw error
    const rule = { name: 'ExpansionTemplate', title: 'Policies for pods are asked about what makes them', reason: '' }
    faults.push(unjudged({ rule, severity: 'high', error: error.message, path: parseFieldPath(error.at ?? '') ?? [] }))
  }
  for (const target of targets) for (const policy of policies.policies) faults.push(...askedOf(policy, target))
  return faults
}

/** As the webhook is asked when the object is made. */
const asked = (object: KubernetesObject, source: ObjectSource, namespace: KubernetesObject | undefined) =>
  questionOf(object, source, namespace, 'CREATE')

function askedOf(policy: Policy, { question, path, made }: Target): readonly Fault[] {
  const { violations, error } = policy.ask(question)
  const faults = violations.map((violation): Fault => {
    const { severity: _, alsoPodSecurity, remedy, ...rule } = policy.ruleOf(violation.constraint)
    const { message, actions } = made === undefined ? violation : implied(made.template, violation)
    const severity = severityOf(policy.ruleOf(violation.constraint), actions)
    // Where a scan cannot tell (the Namespace is not among the manifests, the code fails), Gatekeeper would refuse to be safe.
    if (violation.undecided) return unjudged({ rule, severity, error: message, path })
    const field = policy.fieldOf(violation, question)
    const evidence = { action: actions, ...moreOf(violation), ...(violation.rule && { policy: violation.rule }) }
    const said = { code: 'ADM_VIOLATION', severity, rule, remedy, message, evidence, alsoPodSecurity } as const
    return { ...said, path: [...path, ...field.path], isFound: field.isFound }
  })
  return error === undefined ? faults : [...faults, unjudged({ rule: policy.rule, severity: policy.severity, error, path })]
}

/** What a rule adds to its message, beside the field. */
function moreOf({ added }: Told): { readonly details?: unknown } {
  return isFields(added) && Object.keys(added).every((key) => key === 'field') ? {} : { details: added }
}

function unjudged({ rule, severity, error, path }: Pick<Fault, 'rule' | 'severity' | 'path'> & { readonly error: string }): Fault {
  const message = `${rule.name} could not judge this: ${error}`
  const remedy = 'Make it one that can be judged: until then, take it for refused.'
  return { code: 'ADM_UNJUDGED', severity, rule, remedy, message, path, evidence: { error } }
}

/**
 * Where a constraint and a check of Pod Security say the same of one field, the more severe stays; of equal ones that of the constraint,
 * which knows more about it.
 */
function withoutRepeats(faults: readonly Fault[]): readonly Fault[] {
  const checks = new Map(faults.filter(({ check }) => check !== undefined).map((fault) => [keyOf(fault.check!, fault.path), fault]))
  const gone = new Set<Fault>()
  for (const fault of faults) {
    for (const check of fault.alsoPodSecurity ?? []) {
      const same = checks.get(keyOf(check, fault.path))
      if (same !== undefined) gone.add(compareSeverity(same.severity, fault.severity) > 0 ? fault : same)
    }
  }
  return faults.filter((fault) => !gone.has(fault))
}

const keyOf = (check: string, path: FieldPath) => `${check} ${fieldPathText(path)}`
