// AdmissionReview, the question that an API server asks before it stores an object (k8s.io/api admission/v1 and v1beta1, which differ in
// their name alone). A request has the shape and the names of its JSON, so that policies see what they would see in a cluster.
import { ThymusError } from '../../core/errors.ts'
import { quote } from '../../core/quote.ts'
import { FieldReader, type Manner } from '../../formats/kubernetes/field-reader.ts'
import type { GroupVersionKind, KubernetesObject } from '../../formats/kubernetes/object.ts'

export const REVIEW_VERSIONS = ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1'] as const
export type ReviewVersion = (typeof REVIEW_VERSIONS)[number]

export const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] as const
export type Operation = (typeof OPERATIONS)[number]

export interface GroupVersionResource {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  /** Lower case and plural: `pods`. */
  readonly resource: string
}

export interface UserInfo {
  readonly username: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

/** Names that the API server leaves out are empty. */
export interface AdmissionRequest {
  readonly uid: string
  /** Of `object`, which is converted to what the webhook asked for; `request…` is what the client sent. */
  readonly kind: GroupVersionKind
  readonly resource: GroupVersionResource
  readonly subResource: string
  readonly requestKind: GroupVersionKind | undefined
  readonly requestResource: GroupVersionResource | undefined
  readonly requestSubResource: string
  /** Empty where the name is yet to be generated. */
  readonly name: string
  /** Empty for an object of the cluster. Of a Namespace it is the name of its own. */
  readonly namespace: string
  readonly operation: Operation
  readonly userInfo: UserInfo
  /** Undefined for DELETE. */
  readonly object: KubernetesObject | undefined
  /** Undefined for CREATE and CONNECT. */
  readonly oldObject: KubernetesObject | undefined
  readonly dryRun: boolean
  /** CreateOptions, UpdateOptions, DeleteOptions … */
  readonly options: KubernetesObject | undefined
}

export interface Review {
  /** In which the answer is given too. */
  readonly apiVersion: ReviewVersion
  readonly request: AdmissionRequest
}

export interface ReadReviewOptions {
  /** Refuse fields that are not known. An API server of a later version may send such. */
  readonly strict?: boolean
}

/**
 * Reads a review from a value that JSON.parse made. What lies inside of objects and options is not looked at.
 * @throws ThymusError REVIEW with the field
 */
export function readReview(value: unknown, { strict = false }: ReadReviewOptions = {}): Review {
  const review: Reader = new FieldReader(value, strict ? STRICT : LENIENT)
  if (!review.isThere) review.fail('', WORDS.object)
  const apiVersion = oneOf(review, 'apiVersion', REVIEW_VERSIONS)
  oneOf(review, 'kind', ['AdmissionReview'])
  // An answer may stand in the question: the type has room for both.
  only(review, 'apiVersion', 'kind', 'request', 'response')
  return { apiVersion, request: readRequest(required(review, 'request')) }
}

function readRequest(request: Reader): AdmissionRequest {
  const operation = oneOf(request, 'operation', OPERATIONS)
  const object = request.optional('object', fieldsOf)
  const oldObject = request.optional('oldObject', fieldsOf)
  // A judge would find nothing wrong with what is not there.
  if (operation === 'DELETE' ? oldObject === undefined : object === undefined)
    request.fail(operation === 'DELETE' ? 'oldObject' : 'object', `missing in a request to ${operation}`)
  const read: AdmissionRequest = {
    uid: nameIn(request, 'uid'),
    kind: kindIn(required(request, 'kind')),
    resource: resourceIn(required(request, 'resource')),
    subResource: request.text('subResource'),
    requestKind: request.optional('requestKind', kindIn),
    requestResource: request.optional('requestResource', resourceIn),
    requestSubResource: request.text('requestSubResource'),
    name: request.text('name'),
    namespace: request.text('namespace'),
    operation,
    userInfo: userIn(required(request, 'userInfo')),
    object,
    oldObject,
    dryRun: request.boolean('dryRun'),
    options: request.optional('options', fieldsOf),
  }
  only(request, ...Object.keys(read))
  return read
}

const fieldsOf = ({ fields }: Reader): KubernetesObject => fields

function kindIn(reader: Reader): GroupVersionKind {
  only(reader, 'group', 'version', 'kind')
  return { group: reader.text('group'), version: nameIn(reader, 'version'), kind: nameIn(reader, 'kind') }
}

function resourceIn(reader: Reader): GroupVersionResource {
  only(reader, 'group', 'version', 'resource')
  return { group: reader.text('group'), version: nameIn(reader, 'version'), resource: nameIn(reader, 'resource') }
}

function userIn(reader: Reader): UserInfo {
  only(reader, 'username', 'uid', 'groups', 'extra')
  const extra = reader.object('extra')
  return {
    username: reader.text('username'),
    uid: reader.text('uid'),
    groups: reader.texts('groups'),
    extra: Object.fromEntries(extra.names.map((name) => [name, extra.texts(name)])),
  }
}

interface ReviewManner extends Manner {
  readonly strict: boolean
}
type Reader = FieldReader<ReviewManner>

const WORDS = { object: 'no object', list: 'no list', text: 'no text', boolean: 'neither true nor false' }
const LENIENT: ReviewManner = {
  words: WORDS,
  error: (path, text) => new ThymusError('REVIEW', text, path === '' ? {} : { at: path }),
  strict: false,
}
const STRICT: ReviewManner = { ...LENIENT, strict: true }

function required(reader: Reader, name: string): Reader {
  const inside = reader.object(name)
  return inside.isThere ? inside : reader.fail(name, 'missing')
}

/** A text that is not empty. */
function nameIn(reader: Reader, name: string): string {
  return reader.text(name) || reader.fail(name, 'missing')
}

function oneOf<T extends string>(reader: Reader, name: string, words: readonly T[]): T {
  const text = nameIn(reader, name)
  return words.find((word) => word === text) ?? reader.fail(name, `${quote(text)} is not ${words.join(' or ')}`)
}

/** Where reading is strict, refuses fields of other names. */
function only(reader: Reader, ...known: readonly string[]): void {
  const other = reader.manner.strict ? reader.names.find((name) => !known.includes(name)) : undefined
  if (other !== undefined) reader.fail('', `the field ${quote(other)} is not known`)
}
