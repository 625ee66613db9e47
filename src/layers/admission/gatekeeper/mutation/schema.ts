// The pieces that mutators and expansion templates share, as zod schemas: what Gatekeeper's custom resource definitions say.
// Strict: a field that is not named here is refused. Null is the same as leaving a field out, except in lists and labels.

import { z } from 'zod'
import { ThymusError } from '../../../../core/errors.ts'
import { labelKeyProblem, labelValueProblem } from '../../../../core/label-syntax.ts'
import { quote } from '../../../../core/quote.ts'
import { firstProblem, pathText } from '../../../../formats/conform.ts'
import { type GroupVersionKind, isFields } from '../../../../formats/kubernetes/object.ts'
import { readFields } from '../fields.ts'
import type { Match } from '../match.ts'
import { readMatch } from '../read-match.ts'

/** @throws ThymusError MUTATOR with the first problem, its field in `at`. */
export function conform<Schema extends z.ZodType>(schema: Schema, object: unknown): z.output<Schema> {
  const result = schema.safeParse(object)
  if (result.success) return result.data
  const { path, message } = firstProblem(result.error)
  throw problemAt(path, message)
}

/** The error that a field is wrong. */
export function problemAt(path: readonly PropertyKey[], problem: string): ThymusError {
  const field = pathText(path)
  return new ThymusError('MUTATOR', `${field === '' ? 'the object' : field}: ${problem}`, { at: field })
}

/** Kinds that one object may name: each is a group with a version and a kind, so that they grow with the product. */
const MAX_KINDS = 1000

export const text = z.string().nullish()
const texts = z.array(z.string()).nullish()
const pattern = z.string().regex(/^\*?[-:a-z0-9]*\*?$/, 'must be a name, with "*" at no place but its ends')
const checked = (problemOf: (value: string) => string | undefined) =>
  z.string().superRefine((value, context) => {
    const problem = problemOf(value)
    if (problem !== undefined) context.addIssue(`${quote(value)} ${problem}`)
  })
const labelKey = checked(labelKeyProblem)
const labelValue = checked(labelValueProblem)

const requirement = z
  .strictObject({ key: labelKey, operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']), values: z.array(labelValue).nullish() })
  .superRefine(({ operator, values }, context) => {
    const some = (values ?? []).length > 0
    if (operator.endsWith('In') !== some)
      context.addIssue({ code: 'custom', path: ['values'], message: `${operator} needs ${some ? 'no values' : 'values'}` })
  })
/** Not `z.record`, which passes over `__proto__`. */
const labels = z.custom<Readonly<Record<string, string>>>(isFields, 'must be an object').superRefine((value, context) => {
  for (const [key, label] of Object.entries(value)) {
    const problem = labelKeyProblem(key) ?? (typeof label === 'string' ? labelValueProblem(label) : 'must have text as its value')
    if (problem !== undefined) context.addIssue({ code: 'custom', path: [key], message: `the label ${problem}` })
  }
})
const labelSelector = z.strictObject({
  matchLabels: labels.nullish(),
  matchExpressions: z.array(requirement).nullish(),
})

/** pkg/mutation/match, Match. */
export const match = z.strictObject({
  source: z.enum(['All', 'Generated', 'Original']).nullish(),
  kinds: z.array(z.strictObject({ apiGroups: texts, kinds: texts })).nullish(),
  scope: text,
  namespaces: z.array(pattern).nullish(),
  excludedNamespaces: z.array(pattern).nullish(),
  labelSelector: labelSelector.nullish(),
  namespaceSelector: labelSelector.nullish(),
  name: pattern.nullish(),
})

export function matchOf(spec: z.output<typeof match> | null | undefined): Match {
  return readMatch(readFields(spec, 'MUTATOR', 'spec.match', 'spec.match'))
}

/** pkg/mutation/match, ApplyTo: kinds by name, without `*`. */
export const applyTo = z.strictObject({ groups: texts, versions: texts, kinds: texts })

export interface ApplyTo {
  readonly groups: readonly string[]
  readonly versions: readonly string[]
  readonly kinds: readonly string[]
}

/** @throws ThymusError MUTATOR */
export function refuseTooMany(entries: readonly ApplyTo[]): void {
  const count = entries.reduce((sum, { groups, versions, kinds }) => sum + groups.length * versions.length * kinds.length, 0)
  if (count > MAX_KINDS) throw problemAt(['spec', 'applyTo'], `names ${count} kinds, more than ${MAX_KINDS}`)
}

export function appliesTo({ groups, versions, kinds }: ApplyTo, { group, version, kind }: GroupVersionKind): boolean {
  return groups.includes(group) && versions.includes(version) && kinds.includes(kind)
}

/** Every kind that it names, each as one text. */
export function kindsOf({ groups, versions, kinds }: ApplyTo): readonly string[] {
  return groups.flatMap((group) => versions.flatMap((version) => kinds.map((kind) => kindText({ group, version, kind }))))
}

export const kindText = ({ group, version, kind }: GroupVersionKind) => JSON.stringify([group, version, kind])

const ignored = z.unknown().optional()
/** What is the same in every object: of ObjectMeta, what the API server writes says nothing here. */
export const envelope = {
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.strictObject({
    // No longer than a label's value, since Gatekeeper makes labels of it. Capital letters are in its own library, though the API server takes none.
    name: checked((name) => (name === '' ? 'is no name' : labelValueProblem(name))),
    namespace: text,
    generation: ignored,
    ...Object.fromEntries(
      ['generateName', 'labels', 'annotations', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'finalizers']
        .concat(['managedFields', 'ownerReferences', 'resourceVersion', 'selfLink', 'uid'])
        .map((field) => [field, ignored]),
    ),
  }),
  status: ignored,
}
