// Objects of the Kubernetes API as JSON has them, and the few fields that every kind shares.
import type { Labels } from '../../core/labels.ts'

export type Fields = Readonly<Record<string, unknown>>

/** Any object: whatever fields it has, none of them checked. */
export type KubernetesObject = Fields

export interface GroupVersionKind {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The text at a path of fields; empty where there is none, or another value. */
export function textAt(object: unknown, ...path: readonly string[]): string {
  const value = valueAt(object, ...path)
  return typeof value === 'string' ? value : ''
}

/** The value at a path of fields; undefined where the path leads nowhere. */
export function valueAt(object: unknown, ...path: readonly string[]): unknown {
  let here = object
  for (const step of path) {
    if (!isFields(here) || !Object.hasOwn(here, step)) return undefined
    here = here[step]
  }
  return here
}

export function kindOf(object: KubernetesObject): GroupVersionKind {
  const apiVersion = textAt(object, 'apiVersion')
  const slash = apiVersion.indexOf('/')
  return { group: apiVersion.slice(0, Math.max(slash, 0)), version: apiVersion.slice(slash + 1), kind: textAt(object, 'kind') }
}

/** As Go decodes an object: with an apiVersion of more than two parts it has no kind either. */
export function hasKind(object: unknown): boolean {
  return textAt(object, 'kind') !== '' && textAt(object, 'apiVersion').split('/').length <= 2
}

/** `group/version`, or `version` alone for the core group. */
export function apiVersionOf({ group, version }: Omit<GroupVersionKind, 'kind'>): string {
  return group === '' ? version : `${group}/${version}`
}

export const nameOf = (object: KubernetesObject) => textAt(object, 'metadata', 'name')
export const generateNameOf = (object: KubernetesObject) => textAt(object, 'metadata', 'generateName')
/** Empty for an object that belongs to the cluster, or whose namespace is left out. */
export const namespaceOf = (object: KubernetesObject) => textAt(object, 'metadata', 'namespace')

/** Its labels; none at all if one of them is no text, as `unstructured.GetLabels` has it. */
export function labelsOf(object: KubernetesObject): Labels {
  const labels = valueAt(object, 'metadata', 'labels')
  return isFields(labels) && Object.values(labels).every((value) => typeof value === 'string') ? (labels as Labels) : {}
}

/** Is it a Namespace of the core group? */
export function isNamespace(object: KubernetesObject): boolean {
  return textAt(object, 'kind') === 'Namespace' && kindOf(object).group === ''
}
