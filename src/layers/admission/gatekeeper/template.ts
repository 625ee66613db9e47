// ConstraintTemplates: code that is asked, and the schema of what it may be given (templates.gatekeeper.sh v1, v1beta1, v1alpha1).
import type { FieldReader } from '../../../formats/kubernetes/field-reader.ts'
import { type KubernetesObject, kindOf, nameOf } from '../../../formats/kubernetes/object.ts'
import { legacyByDefault } from './constraint-schema.ts'
import { readFields } from './fields.ts'

export const TARGET = 'admission.k8s.gatekeeper.sh'

/** By the names that templates have for them. */
export type EngineName = 'Rego' | 'K8sNativeValidation'
/** Where a template has code for both, Gatekeeper asks the one that stands first here. */
export const ENGINES: readonly EngineName[] = ['K8sNativeValidation', 'Rego']

export interface RegoCode {
  readonly rego: string
  readonly libs: readonly string[]
  readonly version: 'v0' | 'v1'
}

export interface Template {
  /** The kind in lower case. */
  readonly name: string
  /** Of its constraints. */
  readonly kind: string
  /** openAPIV3Schema of `spec.parameters`; undefined where nobody says what they are. */
  readonly parameters: unknown
  /** Fields that the schema does not name are kept. */
  readonly legacySchema: boolean
  /** `CREATE`, `UPDATE`, `DELETE`, `CONNECT` or `*`; none is all. Only the webhook looks at them. */
  readonly operations: readonly string[]
  readonly rego: RegoCode | undefined
  /** `source` of K8sNativeValidation, as it was written. */
  readonly cel: unknown
}

const VERSIONS = ['v1', 'v1beta1', 'v1alpha1']

export function isTemplate(object: KubernetesObject): boolean {
  const { group, kind } = kindOf(object)
  return group === 'templates.gatekeeper.sh' && kind === 'ConstraintTemplate'
}

/** Throws ThymusError TEMPLATE. The code is not compiled yet, nor is the schema looked into. */
export function readTemplate(object: KubernetesObject): Template {
  const template = readFields(object, 'TEMPLATE', `ConstraintTemplate ${nameOf(object)}`)
  const { version } = kindOf(object)
  if (!isTemplate(object)) template.fail('kind', 'is not ConstraintTemplate of templates.gatekeeper.sh')
  if (!VERSIONS.includes(version)) template.fail('apiVersion', `is not one of ${VERSIONS.join(', ')}`)
  const name = template.object('metadata').text('name')
  const spec = template.object('spec')
  const crd = spec.object('crd').object('spec')
  const names = crd.object('names')
  const kind = names.text('kind')
  if (kind === '') names.fail('kind', 'is missing')
  if (name !== kind.toLowerCase()) template.fail('metadata.name', `must be ${kind.toLowerCase()}, the kind in lower case`)
  const validation = crd.object('validation')
  const legacySchema = validation.has('legacySchema') ? validation.boolean('legacySchema') : legacyByDefault(version)
  const targets = spec.objects('targets')
  const [target] = targets
  if (target === undefined || targets.length > 1) return spec.fail('targets', 'must be exactly one')
  if (target.text('target') !== TARGET) target.fail('target', `is not ${TARGET}`)
  const rego = regoOf(target)
  const cel = codeOf(target, 'K8sNativeValidation')
  if (rego === undefined && cel === undefined) target.fail('code', `has none of the engines ${ENGINES.join(', ')}`)
  return {
    name,
    kind,
    parameters: validation.value('openAPIV3Schema') ?? (legacySchema ? {} : undefined),
    legacySchema,
    operations: target.texts('operations'),
    rego,
    cel: cel?.value('source'),
  }
}

function codeOf(target: FieldReader, engine: EngineName): FieldReader | undefined {
  return target.objects('code').find((code) => code.text('engine') === engine)
}

/** `rego` and `libs` of the target stand above what its `code` has for the engine; the former are always v0. */
function regoOf(target: FieldReader): RegoCode | undefined {
  const rego = target.text('rego')
  if (rego !== '') return { rego, libs: target.texts('libs'), version: 'v0' }
  const code = codeOf(target, 'Rego')
  if (code === undefined) return undefined
  const source = code.object('source')
  if (!source.has('rego')) source.fail('rego', 'is missing')
  return { rego: source.text('rego'), libs: source.texts('libs'), version: source.text('version') === 'v1' ? 'v1' : 'v0' }
}
