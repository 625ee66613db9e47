// Which objects a constraint or a mutator is about (Gatekeeper: pkg/mutation/match).
import type { LabelSelector } from '../../../core/labels.ts'
import { selects } from '../../../core/labels.ts'
import { generateNameOf, type KubernetesObject, kindOf, labelsOf, nameOf, namespaceOf } from '../../../formats/kubernetes/object.ts'

/** What is left out matches everything. */
export interface Match {
  readonly source?: string
  readonly kinds?: readonly { readonly apiGroups?: readonly string[]; readonly kinds?: readonly string[] }[]
  /** `Cluster`, `Namespaced`; anything else is both. */
  readonly scope?: string
  /** Names, with `*` at the beginning, the end, or both. */
  readonly namespaces?: readonly string[]
  readonly excludedNamespaces?: readonly string[]
  readonly labelSelector?: LabelSelector
  readonly namespaceSelector?: LabelSelector
  readonly name?: string
}

/** Written by somebody, or made of another object by an ExpansionTemplate. */
export type ObjectSource = 'Original' | 'Generated'

/** An object that matches are asked about. What all of them want to know of it is found once, for there are many of them. */
export class Matchable {
  readonly object: KubernetesObject
  /** The Namespace that it is in, where it is known. */
  readonly namespace: KubernetesObject | undefined
  /** Undefined where nobody says. */
  readonly source: ObjectSource | undefined
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly isNamespace: boolean
  readonly inNamespace: boolean
  /** Of the namespace that it is in, or is. */
  readonly namespaceName: string | undefined

  constructor(object: KubernetesObject, namespace: KubernetesObject | undefined, source: ObjectSource | undefined) {
    this.object = object
    this.namespace = namespace
    this.source = source
    const { group, version, kind } = kindOf(object)
    this.group = group
    this.version = version
    this.kind = kind
    this.isNamespace = kind === 'Namespace' && group === ''
    const own = namespaceOf(object)
    this.inNamespace = own !== '' || namespace !== undefined
    this.namespaceName = this.isNamespace ? nameOf(object) : namespace === undefined ? own || undefined : nameOf(namespace)
  }
}

/** What cannot be decided: the caller takes it for a violation, so that nothing passes unseen. */
export class MatchError extends Error {}

/** Throws MatchError. */
export function matches(match: Match, target: Matchable): boolean {
  return (
    matchesKind(match, target) &&
    matchesScope(match, target) &&
    matchesNamespaces(match, target) &&
    (match.labelSelector === undefined || selects(match.labelSelector, labelsOf(target.object))) &&
    matchesNamespaceSelector(match, target) &&
    matchesName(match, target) &&
    matchesSource(match, target)
  )
}

/** Whether objects of the kind, of whatever group, can match. */
export function mayMatchKind({ kinds = [] }: Match, kind: string): boolean {
  return kinds.length === 0 || kinds.some(({ kinds: names = [] }) => names.length === 0 || names.includes('*') || names.includes(kind))
}

function matchesKind({ kinds = [] }: Match, { group, kind }: Matchable): boolean {
  return kinds.length === 0 || kinds.some((each) => isListed(each.kinds, kind) && isListed(each.apiGroups, group))
}

const isListed = (list: readonly string[] | undefined, name: string) =>
  list === undefined || list.length === 0 || list.includes('*') || list.includes(name)

function matchesScope({ scope }: Match, { isNamespace, inNamespace }: Matchable): boolean {
  if (scope === 'Cluster') return isNamespace || !inNamespace
  if (scope === 'Namespaced') return !isNamespace && inNamespace
  return true
}

function matchesNamespaces({ namespaces = [], excludedNamespaces = [] }: Match, { namespaceName }: Matchable): boolean {
  // Neither list can be about an object of the cluster.
  if (namespaceName === undefined || (namespaces.length === 0 && excludedNamespaces.length === 0)) return true
  const named = (list: readonly string[]) => list.some((pattern) => matchesPattern(pattern, namespaceName))
  return (namespaces.length === 0 || named(namespaces)) && !named(excludedNamespaces)
}

function matchesNamespaceSelector({ namespaceSelector }: Match, { object, namespace, isNamespace }: Matchable): boolean {
  if (namespaceSelector === undefined) return true
  if (isNamespace) return selects(namespaceSelector, labelsOf(object))
  if (namespace !== undefined) return selects(namespaceSelector, labelsOf(namespace))
  if (namespaceOf(object) === '') return true
  throw new MatchError('namespace selector for namespace-scoped object but missing Namespace')
}

function matchesName({ name = '' }: Match, { object }: Matchable): boolean {
  if (name === '') return true
  // A name that is yet to be generated begins so: an exact name, or one by its end, says nothing of it.
  return matchesPattern(name, nameOf(object)) || (name.endsWith('*') && matchesPattern(name, generateNameOf(object)))
}

function matchesSource({ source = '' }: Match, target: Matchable): boolean {
  if (source === '' || source === 'All') return true
  if (source !== 'Original' && source !== 'Generated') throw new MatchError(`invalid source field ${JSON.stringify(source)}`)
  if (target.source === undefined) throw new MatchError(`source field not specified for resource ${nameOf(target.object)}`)
  return source === target.source
}

/** `a`, `a*`, `*a` or `*a*`: the whole, the beginning, the end, or any part. */
export function matchesPattern(pattern: string, text: string): boolean {
  const open = pattern.startsWith('*')
  const core = open ? pattern.slice(1) : pattern
  if (!core.endsWith('*')) return open ? text.endsWith(core) : text === core
  const inner = core.slice(0, -1)
  return open ? text.includes(inner) : text.startsWith(inner)
}
