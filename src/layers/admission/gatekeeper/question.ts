// What is asked about one object, as Gatekeeper's engines see it.
import { ThymusError } from '../../../core/errors.ts'
import { type Fields, isFields, type KubernetesObject, kindOf, nameOf, namespaceOf } from '../../../formats/kubernetes/object.ts'
import { Matchable, type ObjectSource } from './match.ts'

export interface Question {
  /** The AdmissionRequest with the fields that Go's JSON has: what a policy calls `input.review`. */
  readonly review: Fields
  readonly operation: string
  /** Of a DELETE, where there is no new object, both are the old one. */
  readonly object: KubernetesObject | undefined
  readonly oldObject: KubernetesObject | undefined
  /** The Namespace around the object, where it is known. */
  readonly namespace: KubernetesObject | undefined
  readonly source: ObjectSource | undefined
}

/** As it is said of an object that nobody sends: one in a file, one that is there already, or one that will be made of what is sent. */
export function questionOf(object: KubernetesObject, source: ObjectSource, namespace?: KubernetesObject, operation = ''): Question {
  const kind = kindOf(object)
  const isDelete = operation === 'DELETE'
  return questionFrom(
    {
      uid: '',
      kind: { group: kind.group, version: kind.version, kind: kind.kind },
      resource: { group: '', version: '', resource: '' },
      ...named('name', nameOf(object)),
      ...named('namespace', namespaceOf(object)),
      operation,
      userInfo: {},
      object: isDelete ? null : object,
      oldObject: isDelete ? object : null,
      options: null,
    },
    { source, namespace },
  )
}

const named = (field: string, text: string) => (text === '' ? {} : { [field]: text })

/** Of the request of an AdmissionReview. Throws ThymusError REVIEW if it is a DELETE of nothing. */
export function questionFrom(
  request: Fields,
  { source, namespace }: { readonly source: ObjectSource; readonly namespace?: KubernetesObject | undefined },
): Question {
  const oldObject = isFields(request.oldObject) ? request.oldObject : undefined
  const isDelete = request.operation === 'DELETE'
  if (isDelete && oldObject === undefined) throw new ThymusError('REVIEW', 'oldObject is missing in a request to DELETE')
  const object = isDelete ? oldObject : isFields(request.object) ? request.object : undefined
  return {
    review: { ...request, object: object ?? null, oldObject: oldObject ?? null, namespaceObject: namespace ?? {} },
    operation: typeof request.operation === 'string' ? request.operation : '',
    object,
    oldObject,
    namespace,
    source,
  }
}

/** What a match is asked about: the objects that there are, the new one first. */
export function matchables({ object, oldObject, namespace, source }: Question): readonly Matchable[] {
  const found: Matchable[] = []
  if (object !== undefined) found.push(new Matchable(object, namespace, source))
  if (oldObject !== undefined) found.push(new Matchable(oldObject, namespace, source))
  return found
}
