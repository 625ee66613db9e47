// The schema of the constraints of a template (frameworks/constraint pkg/client/crds and pkg/schema; Gatekeeper pkg/target).
import { ThymusError } from '../../../core/errors.ts'
import { isFields } from '../../../formats/kubernetes/object.ts'
import { compileSchema, type RuleEvaluator, type Schema } from '../schema/schema.ts'

/** Does a template of this version (`v1`, `v1beta1`, `v1alpha1`) take unknown parameters where `legacySchema` does not say? */
export const legacyByDefault = (version: string) => version !== 'v1'

const TEXT = { type: 'string' }
const TEXTS = { type: 'array', items: TEXT }
const OBJECT = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more })
const LIST = (items: object, more: object = {}) => ({ type: 'array', items, ...more })
const ATOMIC = { 'x-kubernetes-list-type': 'atomic' }

/** A name, with `*` at the beginning, the end, or both. */
const GLOB = { type: 'string', pattern: '^\\*?[-:a-z0-9]*\\*?$' }

const SELECTOR = OBJECT(
  {
    matchExpressions: LIST(
      OBJECT({ key: TEXT, operator: TEXT, values: { ...TEXTS, ...ATOMIC } }, { required: ['key', 'operator'] }),
      ATOMIC,
    ),
    matchLabels: { type: 'object', additionalProperties: TEXT },
  },
  { 'x-kubernetes-map-type': 'atomic' },
)

/** `spec.match`, as pkg/mutation/match declares it. */
const MATCH = OBJECT({
  excludedNamespaces: LIST(GLOB),
  kinds: LIST(OBJECT({ apiGroups: TEXTS, kinds: TEXTS })),
  labelSelector: SELECTOR,
  name: GLOB,
  namespaceSelector: SELECTOR,
  namespaces: LIST(GLOB),
  scope: TEXT,
  source: { type: 'string', enum: ['All', 'Generated', 'Original'] },
})

/** Where the parameters are in the whole, and in the template. */
const PARAMETERS = 'openAPIV3Schema.properties[spec].properties[parameters]'
const IN_TEMPLATE = 'spec.crd.spec.validation.openAPIV3Schema'

/**
 * The schema by which Gatekeeper takes a constraint. Its kind, and that its name is a name, are not for a schema to say.
 *
 * @param parameters `spec.crd.spec.validation.openAPIV3Schema` of the template; undefined where there is none: then no parameter is known
 * @param legacy `legacySchema`: parameters that the schema does not know are kept, at every level
 * @throws ThymusError TEMPLATE that names the place in the template
 */
export function constraintSchema(parameters: unknown, legacy: boolean, evaluate?: RuleEvaluator): Schema {
  const given = legacy ? open(parameters ?? {}, IN_TEMPLATE, 0) : (parameters ?? undefined)
  const spec = {
    match: MATCH,
    enforcementAction: { type: 'string', default: 'deny' },
    scopedEnforcementActions: LIST(OBJECT({ action: TEXT, enforcementPoints: LIST(OBJECT({ name: TEXT })) })),
    ...(given === undefined ? {} : { parameters: given }),
  }
  const whole = OBJECT({
    metadata: OBJECT({ name: { type: 'string', maxLength: 63 } }),
    spec: OBJECT(spec),
    status: { 'x-kubernetes-preserve-unknown-fields': true },
  })
  try {
    return compileSchema(whole, { by: 'gatekeeper', ...(evaluate === undefined ? {} : { evaluate }) })
  } catch (error) {
    if (!(error instanceof ThymusError) || error.at === undefined) throw error
    const named = (text: string) => text.replaceAll(PARAMETERS, IN_TEMPLATE)
    throw new ThymusError(error.code, named(error.message), { at: named(error.at) })
  }
}

/** Every object, and whatever has no type, keeps the fields that the schema does not know; every list has a schema of its items. */
function open(schema: unknown, at: string, depth: number): unknown {
  // What is no schema, and what is too deep, is refused when it is compiled.
  if (!isFields(schema ?? {}) || depth > 1000) return schema
  const fields = isFields(schema) ? schema : {}
  const get = (key: string) => (Object.hasOwn(fields, key) ? fields[key] : undefined) ?? undefined
  const [type, items, properties, more] = ['type', 'items', 'properties', 'additionalProperties'].map(get)
  const opened: Record<string, unknown> = { ...fields }
  if (type === undefined || type === '' || type === 'object') opened['x-kubernetes-preserve-unknown-fields'] = true
  if (Array.isArray(items)) throw new ThymusError('TEMPLATE', `${at}.items: must be one schema, and no list`, { at: `${at}.items` })
  if (isFields(items)) opened.items = open(items, `${at}.items`, depth + 1)
  else if (type === 'array') opened.items = { 'x-kubernetes-preserve-unknown-fields': true }
  if (isFields(properties))
    opened.properties = Object.fromEntries(
      Object.entries(properties).map(([name, each]) => [name, open(each, `${at}.properties[${name}]`, depth + 1)]),
    )
  if (isFields(more)) opened.additionalProperties = open(more, `${at}.additionalProperties`, depth + 1)
  return opened
}
