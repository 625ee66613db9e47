// An AdmissionReview that a person wrote for a test: what is missing is empty, what is not known is refused.
import type { FieldReader } from '../../../formats/kubernetes/field-reader.ts'
import { type Fields, hasKind, type KubernetesObject } from '../../../formats/kubernetes/object.ts'
import { readFields } from './fields.ts'

interface Shapes {
  readonly [field: string]: Shape
}
type Shape = 'text' | 'flag' | 'any' | 'object' | 'texts' | Shapes

const KIND: Shapes = { group: 'text', version: 'text', kind: 'text' }
const RESOURCE: Shapes = { group: 'text', version: 'text', resource: 'text' }
/** admission/v1 AdmissionRequest. */
const REQUEST: Shapes = {
  uid: 'text',
  kind: KIND,
  resource: RESOURCE,
  subResource: 'text',
  requestKind: KIND,
  requestResource: RESOURCE,
  requestSubResource: 'text',
  name: 'text',
  namespace: 'text',
  operation: 'text',
  userInfo: { username: 'text', uid: 'text', groups: 'texts', extra: 'any' },
  object: 'object',
  oldObject: 'object',
  dryRun: 'flag',
  options: 'any',
}
const REVIEW: Shapes = { apiVersion: 'text', kind: 'text', request: REQUEST, response: 'any' }
/** What Go writes even where nothing was said. */
const ALWAYS: Fields = {
  uid: '',
  kind: { group: '', version: '', kind: '' },
  resource: { group: '', version: '', resource: '' },
  operation: '',
  userInfo: {},
  object: null,
  oldObject: null,
  options: null,
}

/** The request as Go's JSON has it. Throws ThymusError REVIEW with the field. `file` is the name for people. */
export function readReviewObject(review: KubernetesObject, file: string): Fields {
  const reader = readFields(review, 'REVIEW', file)
  check(reader, REVIEW)
  if (!reader.has('request')) reader.fail('request', 'is missing')
  const request = reader.object('request')
  if (!request.has('object') && !request.has('oldObject')) request.fail('object', 'and oldObject are missing')
  for (const name of ['object', 'oldObject']) {
    if (request.has(name) && !hasKind(request.value(name))) request.fail(name, 'has no kind, or an apiVersion that is none')
  }
  const said = request.names.filter((name) => request.has(name)).map((name) => [name, request.value(name)] as const)
  return { ...ALWAYS, ...Object.fromEntries(said) }
}

function check(reader: FieldReader, shape: Shapes): void {
  for (const name of reader.names) {
    const wanted = Object.hasOwn(shape, name) ? shape[name]! : reader.fail(name, 'is not known')
    if (wanted === 'text') reader.text(name)
    else if (wanted === 'flag') reader.boolean(name)
    else if (wanted === 'texts') reader.texts(name)
    else if (wanted === 'object') reader.object(name)
    else if (wanted !== 'any' && reader.has(name)) check(reader.object(name), wanted)
  }
}
