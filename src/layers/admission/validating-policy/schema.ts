// ValidatingAdmissionPolicy and its binding as they may be written (admissionregistration.k8s.io/v1; kubernetes/pkg/apis/admissionregistration/validation).
// Strict: a field that is not named here is refused. Null is the same as leaving a field out, as in Kubernetes.
import { z } from 'zod'
import { dnsLabelProblem, labelKeyProblem, labelValueProblem, subdomainProblem } from '../../../core/label-syntax.ts'
import type { LabelSelector } from '../../../core/labels.ts'
import { isReserved } from '../../../lang/cel/cel.ts'

export const MOST_CONDITIONS = 64
export const MOST_ANNOTATIONS = 20
const MOST_VARIABLES = 1_000
/** In bytes. */
const MOST_ANNOTATION_EXPRESSION = 5 * 1024

/** A text about which `problem` has nothing to say. */
const text = (problem: (text: string) => string | undefined) =>
  z.string().superRefine((value, context) => {
    const found = problem(value)
    if (found !== undefined) context.addIssue({ code: 'custom', message: found })
  })

const some = text((value) => (value.trim() === '' ? 'must not be empty' : undefined))
const notEmpty = z.string().min(1, 'must not be empty')
const line = text((value) => {
  if (value !== '' && value.trim() === '') return 'must not be blank'
  return /[\n\r]/.test(value.trim()) ? 'must not contain line breaks' : undefined
})
const name = text(subdomainProblem)
const labelKey = text(labelKeyProblem)
const labelValue = text(labelValueProblem)
/** A version, and a kind but for its case (IsDNS1035Label). */
const nameProblem = (value: string) => dnsLabelProblem(value) ?? (/^\d/.test(value) ? 'must not begin with a digit' : undefined)
/** A name that a path may hold, which is all that is asked of names of kinds that are not known. */
const segment = text((value) => (/[/%]|^\.{1,2}$/.test(value) ? 'must be no . or .., and hold no / or %' : undefined))

const unique = <Schema extends z.ZodType>(item: Schema, key: (value: z.output<Schema>) => string) =>
  z.array(item).superRefine((items, context) => {
    const seen = new Set<string>()
    for (const [at, value] of items.entries()) {
      if (seen.has(key(value))) context.addIssue({ code: 'custom', path: [at], message: 'is there twice' })
      seen.add(key(value))
    }
  })

const requirement = z
  .strictObject({ key: labelKey, operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']), values: z.array(labelValue).nullish() })
  .superRefine(({ operator, values }, context) => {
    if (operator.endsWith('In') !== (values ?? []).length > 0) {
      context.addIssue({ code: 'custom', path: ['values'], message: operator.endsWith('In') ? 'must be there' : 'must be empty' })
    }
  })

export const selector = z
  .strictObject({ matchLabels: z.record(labelKey, labelValue.nullable()).nullish(), matchExpressions: z.array(requirement).nullish() })
  .transform(
    ({ matchLabels, matchExpressions }): LabelSelector => [
      ...Object.entries(matchLabels ?? {}).map(([key, value]) => ({ key, operator: 'In' as const, values: [value ?? ''] })),
      ...(matchExpressions ?? []).map(({ key, operator, values }) => ({ key, operator, values: values ?? [] })),
    ],
  )

/** Of texts, one at least; `*` stands alone. */
const orAll = (item: z.ZodType<string>) =>
  z
    .array(item)
    .min(1, 'must name at least one')
    .refine((items) => items.length === 1 || !items.includes('*'), '* must stand alone')

/** What a wildcard has said is not to be said again behind it; of `*` and names it is the last that counts, as in Kubernetes. */
function isSaid(resources: readonly string[], at: number): boolean {
  const before = resources.slice(0, at)
  const [resource, sub] = resources[at]!.split(/\/(.*)/s) as [string, string?]
  return sub !== undefined && (before.includes(`${resource}/*`) || before.includes(`*/${sub}`))
}

const resources = z
  .array(notEmpty)
  .min(1, 'must name at least one')
  .refine((all) => all.length === 1 || !all.includes('*/*'), '*/* must stand alone')
  .refine((all) => {
    const plain = all.filter((each) => !each.includes('/'))
    return !plain.includes('*') || plain.at(-1) === '*'
  }, '* must not be followed by names')
  .superRefine((all, context) => {
    for (const at of all.keys())
      if (isSaid(all, at)) context.addIssue({ code: 'custom', path: [at], message: 'is said by a wildcard before' })
  })

const rule = z.strictObject({
  resourceNames: unique(segment, (value) => value).nullish(),
  operations: orAll(z.enum(['*', 'CREATE', 'UPDATE', 'DELETE', 'CONNECT'])),
  apiGroups: orAll(z.string()),
  apiVersions: orAll(notEmpty),
  resources,
  scope: z.enum(['*', 'Cluster', 'Namespaced']).nullish(),
})

const matchResources = z.strictObject({
  namespaceSelector: selector.nullish(),
  objectSelector: selector.nullish(),
  resourceRules: z.array(rule).nullish(),
  excludeResourceRules: z.array(rule).nullish(),
  matchPolicy: z.enum(['Exact', 'Equivalent']).nullish(),
})

export type ResourceRule = z.output<typeof rule>
export type MatchResources = z.output<typeof matchResources>

const named = z.strictObject({ name: labelKey, expression: some })
const variable = z.strictObject({
  name: text((value) => (/^[A-Za-z_]\w*$/.test(value) && !isReserved(value) ? undefined : 'must be a CEL identifier')),
  expression: some,
})
const reason = z.enum(['Forbidden', 'Invalid', 'RequestEntityTooLarge'])
const validation = z.strictObject({
  expression: some,
  message: line.nullish(),
  messageExpression: text((value) => (value !== '' && value.trim() === '' ? 'must not be blank' : undefined)).nullish(),
  reason: reason.nullish(),
})
const annotation = z.strictObject({
  key: labelKey.refine((key) => !key.includes('/'), 'must have no prefix, which is the name of the policy'),
  valueExpression: some.refine(
    (value) => Buffer.byteLength(value.trim()) <= MOST_ANNOTATION_EXPRESSION,
    `must not be longer than ${MOST_ANNOTATION_EXPRESSION} bytes`,
  ),
})

const paramKind = z.strictObject({
  apiVersion: text((value) => {
    const [version, group, ...more] = value.split('/').reverse() as [string, ...string[]]
    if (more.length > 0) return 'must be VERSION or GROUP/VERSION'
    return (group === undefined || group === '' ? undefined : subdomainProblem(group)) ?? nameProblem(version)
  }),
  kind: text((value) => nameProblem(value.toLowerCase())),
})

const policySpec = z
  .strictObject({
    paramKind: paramKind.nullish(),
    matchConstraints: matchResources.refine(({ resourceRules }) => (resourceRules ?? []).length > 0, {
      path: ['resourceRules'],
      message: 'must hold at least one rule',
    }),
    matchConditions: unique(named, (one) => one.name)
      .max(MOST_CONDITIONS, `must not be more than ${MOST_CONDITIONS}`)
      .nullish(),
    /** Of two with one name the later one counts for what stands behind it. */
    variables: z.array(variable).max(MOST_VARIABLES, `must not be more than ${MOST_VARIABLES}`).nullish(),
    validations: z.array(validation).nullish(),
    auditAnnotations: unique(annotation, (one) => one.key)
      .max(MOST_ANNOTATIONS, `must not be more than ${MOST_ANNOTATIONS}`)
      .nullish(),
    failurePolicy: z.enum(['Fail', 'Ignore']).nullish(),
  })
  .refine(({ validations, auditAnnotations }) => (validations ?? []).length + (auditAnnotations ?? []).length > 0, {
    path: ['validations'],
    message: 'must hold at least one, or there must be auditAnnotations',
  })

const action = z.enum(['Deny', 'Warn', 'Audit'])
export type Action = z.output<typeof action>

const paramRef = z
  .strictObject({
    name: segment.nullish(),
    namespace: z.string().nullish(),
    selector: selector.nullish(),
    parameterNotFoundAction: z.enum(['Allow', 'Deny']),
  })
  .refine(({ name, selector }) => ((name ?? '') !== '') !== (selector != null), 'must have either a name or a selector')
export type ParamRef = z.output<typeof paramRef>

const bindingSpec = z.strictObject({
  policyName: name,
  paramRef: paramRef.nullish(),
  matchResources: matchResources.nullish(),
  validationActions: unique(action, (one) => one)
    .min(1, 'must name at least one')
    .refine((all) => !(all.includes('Deny') && all.includes('Warn')), 'must not contain both Deny and Warn'),
})

/** What stands in metadata says nothing to a policy. */
const metadata = z.looseObject({ name })
const object = <Spec extends z.ZodType>(kind: string, spec: Spec) =>
  z.strictObject({
    apiVersion: z.enum(['admissionregistration.k8s.io/v1', 'admissionregistration.k8s.io/v1beta1']),
    kind: z.literal(kind),
    metadata,
    spec,
    status: z.unknown().optional(),
  })

export const policy = object('ValidatingAdmissionPolicy', policySpec)
export const binding = object('ValidatingAdmissionPolicyBinding', bindingSpec)
