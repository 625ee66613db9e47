// metav1.Status as the API server answers with it (k8s.io/apimachinery/pkg/api/errors).
import { quoteTerm } from '../../../lang/rego/values/text.ts'
import { errorsText, type LabelError } from './namespace-policy.ts'

export interface Status {
  readonly status: 'Failure'
  readonly message: string
  readonly reason: 'Forbidden' | 'Invalid' | 'InternalError'
  readonly details: {
    readonly name?: string
    readonly group?: string
    readonly kind?: string
    readonly causes?: readonly { readonly reason?: string; readonly message: string; readonly field?: string }[]
  }
  readonly code: number
}

const grouped = (name: string, group: string) => (group === '' ? name : `${name}.${group}`)

/** What JSON leaves out when empty. */
const named = (name: string, group: string, kind: string) => ({ ...(name && { name }), ...(group && { group }), ...(kind && { kind }) })

/** `kind` of the details is the resource. */
export function forbidden(group: string, resource: string, name: string, why: string): Status {
  const what = name === '' ? grouped(resource, group) : `${grouped(resource, group)} ${quoteTerm(name)}`
  return {
    status: 'Failure',
    message: `${what} is forbidden: ${why}`,
    reason: 'Forbidden',
    details: named(name, group, resource),
    code: 403,
  }
}

export function invalid(group: string, kind: string, name: string, errors: readonly LabelError[]): Status {
  return {
    status: 'Failure',
    message: `${grouped(kind, group)} ${quoteTerm(name)} is invalid: ${errorsText(errors)}`,
    reason: 'Invalid',
    details: {
      ...named(name, group, kind),
      causes: errors.map(({ field, message }) => ({ reason: 'FieldValueInvalid', message, field })),
    },
    code: 422,
  }
}

export function internalError(why: string): Status {
  return {
    status: 'Failure',
    message: `Internal error occurred: ${why}`,
    reason: 'InternalError',
    details: { causes: [{ message: why }] },
    code: 500,
  }
}
