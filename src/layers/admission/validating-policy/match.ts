// Is a policy or binding about a request? (k8s.io/apiserver/pkg/admission/plugin/policy/matching and webhook/predicates)
import { type LabelSelector, selects } from '../../../core/labels.ts'
import { type Fields, isFields, type KubernetesObject, labelsOf, textAt } from '../../../formats/kubernetes/object.ts'
import type { MatchResources, ResourceRule } from './schema.ts'

export interface Resource {
  readonly group: string
  readonly version: string
  readonly resource: string
}

/** What cannot be decided, and why, in the API server's words. */
export class MatchError extends Error {}

/**
 * Throws MatchError where a namespace decides that is not known. A request names two resources: the one that was asked for, and the one that it
 * was converted to; with `Equivalent` either may match, with `Exact` the first alone. Further versions of a resource are not known here.
 */
export function matchesResources(match: MatchResources, request: Fields, namespace: KubernetesObject | undefined): boolean {
  const inNamespace = matchesNamespace(match.namespaceSelector ?? [], request, namespace)
  if (inNamespace === false || !matchesObject(match.objectSelector ?? [], request)) return false
  const resources = resourcesOf(request, match.matchPolicy ?? 'Equivalent')
  const some = (rules: readonly ResourceRule[]) => resources.some((resource) => rules.some((rule) => matchesRule(rule, request, resource)))
  if (some(match.excludeResourceRules ?? [])) return false
  const rules = match.resourceRules ?? []
  if (rules.length > 0 && !some(rules)) return false
  if (inNamespace === undefined) throw new MatchError(`namespaces ${JSON.stringify(textAt(request, 'namespace'))} not found`)
  return true
}

function resourcesOf(request: Fields, policy: 'Exact' | 'Equivalent'): Resource[] {
  const [asked, given] = [resourceAt(request, 'requestResource'), resourceAt(request, 'resource')!]
  if (asked === undefined) return [given]
  return policy === 'Exact' ? [asked] : [asked, given]
}

function resourceAt(request: Fields, field: string): Resource | undefined {
  if (!isFields(request[field])) return undefined
  return {
    group: textAt(request, field, 'group'),
    version: textAt(request, field, 'version'),
    resource: textAt(request, field, 'resource'),
  }
}

function matchesRule(rule: ResourceRule, request: Fields, { group, version, resource }: Resource): boolean {
  const named = (items: readonly string[], name: string) => items.includes('*') || items.includes(name)
  const names = rule.resourceNames ?? []
  return (
    inScope(rule.scope ?? '*', request, { group, version, resource }) &&
    named(rule.operations, textAt(request, 'operation')) &&
    named(rule.apiGroups, group) &&
    named(rule.apiVersions, version) &&
    rule.resources.some((each) => matchesResource(each, resource, textAt(request, 'subResource'))) &&
    (names.length === 0 || names.includes(textAt(request, 'name')))
  )
}

function inScope(scope: '*' | 'Cluster' | 'Namespaced', request: Fields, { group, version, resource }: Resource): boolean {
  if (scope === '*') return true
  const isNamespaces = group === '' && version === 'v1' && resource === 'namespaces'
  return (isNamespaces || textAt(request, 'namespace') === '') === (scope === 'Cluster')
}

/** `pods`, `pods/exec`, `pods/*`, `*` or `*` + `/*`: without a slash, no subresource. */
function matchesResource(pattern: string, resource: string, subresource: string): boolean {
  const slash = pattern.indexOf('/')
  const [name, sub] = slash < 0 ? [pattern, ''] : [pattern.slice(0, slash), pattern.slice(slash + 1)]
  return (name === '*' || name === resource) && (sub === '*' || sub === subresource)
}

/** Undefined where the namespace would have to be known. */
function matchesNamespace(selector: LabelSelector, request: Fields, namespace: KubernetesObject | undefined): boolean | undefined {
  const isNamespaces = textAt(request, 'resource', 'resource') === 'namespaces'
  if (selector.length === 0 || (textAt(request, 'namespace') === '' && !isNamespaces)) return true
  const written = isNamespaces && textAt(request, 'subResource') === '' && ['CREATE', 'UPDATE'].includes(textAt(request, 'operation'))
  const known = written && isFields(request.object) ? request.object : namespace
  return known === undefined ? undefined : selects(selector, labelsOf(known))
}

function matchesObject(selector: LabelSelector, { object, oldObject }: Fields): boolean {
  return selector.length === 0 || [object, oldObject].some((one) => isFields(one) && selects(selector, labelsOf(one)))
}
