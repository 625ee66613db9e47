import type { Fields } from '../../formats/kubernetes/object.ts'
import type { AdmissionRequest } from './review.ts'

/** What Go leaves out where it is empty. */
const NAMES = ['subResource', 'requestKind', 'requestResource', 'requestSubResource', 'name', 'namespace'] as const
const USER = ['username', 'uid', 'groups', 'extra'] as const

/** The request as Go's JSON of `admission/v1` has it: what policies call `input.review`, and CEL `request` with its objects. */
export function requestFields(request: AdmissionRequest): Fields {
  const { uid, kind, resource } = request
  const fields: Record<string, unknown> = { uid, kind, resource }
  addGiven(fields, request, NAMES)
  fields.operation = request.operation
  fields.userInfo = addGiven({}, request.userInfo, USER)
  fields.object = request.object ?? null
  fields.oldObject = request.oldObject ?? null
  fields.dryRun = request.dryRun
  fields.options = request.options ?? null
  return fields
}

function addGiven<K extends string>(fields: Record<string, unknown>, from: Readonly<Record<K, unknown>>, names: readonly K[]): Fields {
  for (const name of names) if (!isEmpty(from[name])) fields[name] = from[name]
  return fields
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === '') return true
  if (typeof value !== 'object' || value === null) return false
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0
}
