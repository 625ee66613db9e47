// What CEL sees of an admission request, and of what types (k8s.io/apiserver/pkg/admission/plugin/cel/compile.go).
import { type Fields, isFields } from '../../formats/kubernetes/object.ts'
import { BOOL, DYN, INT, listOf, mapOf, objectOf, STRING, TIMESTAMP, type Type } from '../../lang/cel/cel.ts'

const KIND = objectOf('kubernetes.GroupVersionKind', { group: STRING, version: STRING, kind: STRING })
const RESOURCE = objectOf('kubernetes.GroupVersionResource', { group: STRING, version: STRING, resource: STRING })
const USER = objectOf('kubernetes.UserInfo', {
  username: STRING,
  uid: STRING,
  groups: listOf(STRING),
  extra: mapOf(STRING, listOf(STRING)),
})

export const REQUEST = objectOf('kubernetes.AdmissionRequest', {
  kind: KIND,
  resource: RESOURCE,
  subResource: STRING,
  requestKind: KIND,
  requestResource: RESOURCE,
  requestSubResource: STRING,
  name: STRING,
  namespace: STRING,
  operation: STRING,
  userInfo: USER,
  dryRun: BOOL,
  options: DYN,
})

const TEXTS = mapOf(STRING, STRING)
const NAMESPACE = objectOf('kubernetes.Namespace', {
  metadata: objectOf('kubernetes.NamespaceMetadata', {
    name: STRING,
    generateName: STRING,
    namespace: STRING,
    labels: TEXTS,
    annotations: TEXTS,
    UID: STRING,
    creationTimestamp: TIMESTAMP,
    deletionGracePeriodSeconds: INT,
    deletionTimestamp: TIMESTAMP,
    generation: INT,
    resourceVersion: STRING,
    finalizers: listOf(STRING),
  }),
  spec: objectOf('kubernetes.NamespaceSpec', { finalizers: listOf(STRING) }),
  status: objectOf('kubernetes.NamespaceStatus', {
    conditions: listOf(
      objectOf('kubernetes.NamespaceCondition', {
        status: STRING,
        type: STRING,
        lastTransitionTime: TIMESTAMP,
        message: STRING,
        reason: STRING,
      }),
    ),
    phase: STRING,
  }),
})

/** Names and types of what every expression may use; `variables` where some are composed. */
export function declarations(params: boolean, variables?: Type): Readonly<Record<string, Type>> {
  return {
    object: DYN,
    oldObject: DYN,
    namespaceObject: NAMESPACE,
    request: REQUEST,
    ...(params ? { params: DYN } : {}),
    ...(variables === undefined ? {} : { variables }),
  }
}

/** Left out by Go's encoder where empty. */
const OMITTED = ['subResource', 'requestSubResource', 'name', 'namespace']

declare const MADE: unique symbol
/** What `visibleRequest` makes, and nothing else: the request of a review looks the same, and lacks what an API server adds. */
export type VisibleRequest = Fields & { readonly [MADE]: true }

/** The fields of an AdmissionReview's request that expressions may read, with the values that an API server gives where there are none. */
export function visibleRequest(request: Fields): VisibleRequest {
  const defaults = { requestKind: request.kind, requestResource: request.resource, dryRun: false, options: null }
  const shown: Record<string, unknown> = {}
  for (const field of REQUEST.fields!.keys()) {
    const value = Object.hasOwn(request, field) ? request[field] : (defaults as Fields)[field]
    if (value === undefined || (value === '' && OMITTED.includes(field))) continue
    shown[field] = field === 'userInfo' && isFields(value) ? withoutEmpty(value) : value
  }
  // Of these an expression has the values by other names, but in a request as a whole they are there.
  return { uid: '', object: null, oldObject: null, userInfo: {}, ...shown } as unknown as VisibleRequest
}

/** A Namespace as the API server holds it: without its kind. */
export const wholeNamespace = ({ metadata, spec = {}, status = {} }: Fields): Fields => ({ metadata, spec, status })

/** What validations see of it: the fields that are declared. */
export function visibleNamespace(namespace: Fields): Fields {
  const { metadata, ...rest } = wholeNamespace(namespace)
  const shown = isFields(metadata) ? Object.entries(metadata).filter(([name]) => SHOWN.has(name)) : []
  return { metadata: Object.fromEntries(shown), ...rest }
}

/** Declared as `UID`, it is not found by that name. */
const SHOWN: ReadonlySet<string> = new Set([...NAMESPACE.fields!.get('metadata')!.fields!.keys(), 'uid'])

function withoutEmpty(user: Fields): Fields {
  const isEmpty = (value: unknown) => value === '' || value == null || (typeof value === 'object' && Object.keys(value).length === 0)
  return Object.fromEntries(Object.entries(user).filter(([, value]) => !isEmpty(value)))
}
