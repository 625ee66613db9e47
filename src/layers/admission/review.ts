// AdmissionReview, the question that an API server asks before it stores an object (k8s.io/api admission/v1 and v1beta1, which differ in
// their name alone). A request has the shape and the names of its JSON, so that policies see what they would see in a cluster.
import { ThymusError } from '../../core/errors.ts'
import { quote } from '../../core/quote.ts'
import { type Fields, type GroupVersionKind, isFields, type KubernetesObject } from '../../formats/kubernetes/object.ts'

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
  const review = new Reader(value, '', strict)
  if (!review.there) review.fail('no object')
  const apiVersion = review.oneOf('apiVersion', REVIEW_VERSIONS)
  review.oneOf('kind', ['AdmissionReview'])
  // An answer may stand in the question: the type has room for both.
  review.only('apiVersion', 'kind', 'request', 'response')
  const request = review.inside('request')
  if (!request.there) request.fail('missing')
  return { apiVersion, request: readRequest(request) }
}

function readRequest(request: Reader): AdmissionRequest {
  const operation = request.oneOf('operation', OPERATIONS)
  const object = request.object('object')
  const oldObject = request.object('oldObject')
  // A judge would find nothing wrong with what is not there.
  if (operation === 'DELETE' ? oldObject === undefined : object === undefined)
    request.inside(operation === 'DELETE' ? 'oldObject' : 'object').fail(`missing in a request to ${operation}`)
  const read: AdmissionRequest = {
    uid: request.name('uid'),
    kind: kindIn(request.required('kind')),
    resource: resourceIn(request.required('resource')),
    subResource: request.text('subResource'),
    requestKind: request.optional('requestKind', kindIn),
    requestResource: request.optional('requestResource', resourceIn),
    requestSubResource: request.text('requestSubResource'),
    name: request.text('name'),
    namespace: request.text('namespace'),
    operation,
    userInfo: userIn(request.required('userInfo')),
    object,
    oldObject,
    dryRun: request.boolean('dryRun'),
    options: request.object('options'),
  }
  request.only(...Object.keys(read))
  return read
}

function kindIn(reader: Reader): GroupVersionKind {
  reader.only('group', 'version', 'kind')
  return { group: reader.text('group'), version: reader.name('version'), kind: reader.name('kind') }
}

function resourceIn(reader: Reader): GroupVersionResource {
  reader.only('group', 'version', 'resource')
  return { group: reader.text('group'), version: reader.name('version'), resource: reader.name('resource') }
}

function userIn(reader: Reader): UserInfo {
  reader.only('username', 'uid', 'groups', 'extra')
  const extra = reader.inside('extra')
  return {
    username: reader.text('username'),
    uid: reader.text('uid'),
    groups: reader.texts('groups'),
    extra: Object.fromEntries(extra.names.map((name) => [name, extra.texts(name)])),
  }
}

/** Reads the fields of an object, which may be missing. As for Go, null is as if the field were not there. */
class Reader {
  readonly #fields: Fields | undefined
  readonly #at: string
  readonly #strict: boolean

  constructor(value: unknown, at: string, strict: boolean) {
    this.#at = at
    this.#strict = strict
    if (value !== undefined && value !== null && !isFields(value)) this.fail('no object')
    this.#fields = value ?? undefined
  }

  get there(): boolean {
    return this.#fields !== undefined
  }

  get names(): readonly string[] {
    return Object.keys(this.#fields ?? {})
  }

  inside(name: string): Reader {
    return new Reader(this.#value(name), this.#path(name), this.#strict)
  }

  required(name: string): Reader {
    const inside = this.inside(name)
    return inside.there ? inside : inside.fail('missing')
  }

  optional<T>(name: string, read: (inside: Reader) => T): T | undefined {
    const inside = this.inside(name)
    return inside.there ? read(inside) : undefined
  }

  object(name: string): KubernetesObject | undefined {
    return this.inside(name).#fields
  }

  text(name: string): string {
    const value = this.#value(name) ?? ''
    return typeof value === 'string' ? value : this.#fail(name, 'no text')
  }

  /** A text that is not empty. */
  name(name: string): string {
    return this.text(name) || this.#fail(name, 'missing')
  }

  oneOf<T extends string>(name: string, words: readonly T[]): T {
    const text = this.name(name)
    return words.find((word) => word === text) ?? this.#fail(name, `${quote(text)} is not ${words.join(' or ')}`)
  }

  texts(name: string): readonly string[] {
    const value = this.#value(name) ?? []
    return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : this.#fail(name, 'no list of texts')
  }

  boolean(name: string): boolean {
    const value = this.#value(name) ?? false
    return typeof value === 'boolean' ? value : this.#fail(name, 'neither true nor false')
  }

  /** Where reading is strict, refuses fields of other names. */
  only(...known: readonly string[]): void {
    const other = this.#strict ? this.names.find((name) => !known.includes(name)) : undefined
    if (other !== undefined) this.fail(`the field ${quote(other)} is not known`)
  }

  fail(message: string): never {
    throw new ThymusError('REVIEW', message, this.#at === '' ? {} : { at: this.#at })
  }

  #fail(name: string, message: string): never {
    throw new ThymusError('REVIEW', message, { at: this.#path(name) })
  }

  #path(name: string): string {
    return this.#at === '' ? name : `${this.#at}.${name}`
  }

  #value(name: string): unknown {
    return this.#fields !== undefined && Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined
  }
}
