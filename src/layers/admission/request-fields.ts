import type { Fields } from '../../formats/kubernetes/object.ts'
import type { AdmissionRequest } from './review.ts'

/** The request as Go's JSON of `admission/v1` has it: what policies call `input.review`, and CEL `request` with its objects. */
export function requestFields(request: AdmissionRequest): Fields {
  const { uid, kind, resource, operation, userInfo, object, oldObject, options, dryRun } = request
  const { subResource, requestKind, requestResource, requestSubResource, name, namespace } = request
  return {
    uid,
    kind,
    resource,
    ...omitEmpty({ subResource, requestKind, requestResource, requestSubResource, name, namespace }),
    operation,
    userInfo: omitEmpty({ ...userInfo }),
    object: object ?? null,
    oldObject: oldObject ?? null,
    dryRun,
    options: options ?? null,
  }
}

function omitEmpty(fields: Fields): Fields {
  const kept: Record<string, unknown> = {}
  for (const name of Object.keys(fields)) if (!isEmpty(fields[name])) kept[name] = fields[name]
  return kept
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === '') return true
  if (typeof value !== 'object' || value === null) return false
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0
}
