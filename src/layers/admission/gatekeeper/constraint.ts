// Constraints: a template's code with parameters, where it applies, and what is done about its violations (constraints.gatekeeper.sh).

import { ThymusError } from '../../../core/errors.ts'
import { subdomainProblem } from '../../../core/label-syntax.ts'
import { printable } from '../../../core/quote.ts'
import type { FieldReader } from '../../../formats/kubernetes/field-reader.ts'
import { type KubernetesObject, kindOf, nameOf, valueAt } from '../../../formats/kubernetes/object.ts'
import type { Schema } from '../schema/schema.ts'
import { readFields } from './fields.ts'
import type { Match } from './match.ts'
import { readMatch } from './read-match.ts'
import type { Template } from './template.ts'

export interface Constraint {
  readonly kind: string
  readonly name: string
  readonly match: Match
  /** Whatever its template's schema makes of them; an empty object where there are none. */
  readonly parameters: unknown
  /** `deny`, `warn`, `dryrun`, `scoped`; other words do nothing but report. */
  readonly action: string
  /** Of `scoped`: the actions of each enforcement point, `*` for all. */
  readonly scoped: readonly { readonly action: string; readonly points: readonly string[] }[]
  /** With the defaults of its template's schema. */
  readonly object: KubernetesObject
}

/** Where constraints are enforced. */
export type EnforcementPoint = 'validation.gatekeeper.sh' | 'audit.gatekeeper.sh' | 'gator.gatekeeper.sh'

/** A constraint that the schema of its template refuses: what a suite calls `invalid`. */
export class SchemaError extends ThymusError {}

const GROUP = 'constraints.gatekeeper.sh'
const VERSIONS = ['v1beta1', 'v1alpha1']

export function isConstraint(object: KubernetesObject): boolean {
  return kindOf(object).group === GROUP
}

/**
 * Reads a constraint of a template, whose schema (see constraint-schema.ts) gives the defaults.
 * Throws ThymusError CONSTRAINT; SchemaError if it is the schema that refuses.
 */
export function readConstraint(written: KubernetesObject, template: Template, schema: Schema): Constraint {
  const name = nameOf(written)
  const { kind, version } = kindOf(written)
  const about = `${kind} ${name}`
  const fields = readFields(written, 'CONSTRAINT', about)
  if (!isConstraint(written)) fields.fail('apiVersion', `is not of ${GROUP}`)
  if (name === '') fields.fail('metadata.name', 'is missing')
  // As Gatekeeper does, selectors are looked at before the schema.
  readMatch(fields.object('spec').object('match'))
  const problem = subdomainProblem(name)
  if (problem !== undefined) fields.fail('metadata.name', problem)
  if (kind !== template.kind) fields.fail('kind', `is not ${template.kind}`)
  if (!VERSIONS.includes(version)) fields.fail('apiVersion', `is not ${VERSIONS.map((each) => `${GROUP}/${each}`).join(' or ')}`)
  const broken = schema.validate(written)
  if (broken.length > 0) {
    const text = broken.map((each) => `${each.path}: ${each.text}`).join('; ')
    throw new SchemaError('CONSTRAINT', printable(text, 1_000), { at: about })
  }
  const [unknown] = schema.unknownFields(written)
  if (unknown !== undefined) fields.fail(unknown, 'is not known')
  const object = schema.withDefaults(written) as KubernetesObject
  const spec = readFields(valueAt(object, 'spec'), 'CONSTRAINT', about, 'spec')
  const action = spec.has('enforcementAction') ? spec.text('enforcementAction') : 'deny'
  if (action === 'scoped' && !spec.has('scopedEnforcementActions')) spec.fail('scopedEnforcementActions', 'is missing')
  return {
    kind,
    name,
    match: readMatch(spec.object('match')),
    parameters: spec.value('parameters') ?? {},
    action,
    scoped: action === 'scoped' ? spec.objects('scopedEnforcementActions').map(readScoped) : [],
    object,
  }
}

function readScoped(each: FieldReader): Constraint['scoped'][number] {
  return { action: each.text('action'), points: each.objects('enforcementPoints').map((point) => point.text('name')) }
}

/** What is done about a violation at a point; nothing at all means that the constraint is not asked there. */
export function actionsAt({ action, scoped }: Constraint, point: EnforcementPoint): readonly string[] {
  if (action !== 'scoped') return [action]
  return [...new Set(scoped.filter(({ points }) => points.includes(point) || points.includes('*')).map((each) => each.action))]
}
