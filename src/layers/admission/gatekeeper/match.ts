// Which objects a constraint or a mutator is about (Gatekeeper: pkg/mutation/match).
import type { LabelSelector } from '../../../core/labels.ts'
import { selects } from '../../../core/labels.ts'
import {
  generateNameOf,
  isNamespace,
  type KubernetesObject,
  kindOf,
  labelsOf,
  nameOf,
  namespaceOf,
} from '../../../formats/kubernetes/object.ts'

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

export interface Matchable {
  readonly object: KubernetesObject
  /** The Namespace that it is in, where it is known. */
  readonly namespace: KubernetesObject | undefined
  /** Undefined where nobody says. */
  readonly source: ObjectSource | undefined
}

/** What cannot be decided: the caller takes it for a violation, so that nothing passes unseen. */
export class MatchError extends Error {}

/** What every match asks about: found once, for there are many of them. */
interface Facts extends Matchable {
  readonly group: string
  readonly kind: string
  readonly isNamespace: boolean
  readonly inNamespace: boolean
  /** Of the namespace that it is in, or is. */
  readonly namespaceName: string | undefined
}

const known = new WeakMap<Matchable, Facts>()

function factsOf(target: Matchable): Facts {
  let facts = known.get(target)
  if (facts === undefined) {
    const { object, namespace } = target
    const { group, kind } = kindOf(object)
    const [is, own] = [isNamespace(object), namespaceOf(object)]
    const namespaceName = is ? nameOf(object) : namespace === undefined ? own || undefined : nameOf(namespace)
    facts = { ...target, group, kind, isNamespace: is, inNamespace: own !== '' || namespace !== undefined, namespaceName }
    known.set(target, facts)
  }
  return facts
}

/** Throws MatchError. */
export function matches(match: Match, target: Matchable): boolean {
  const facts = factsOf(target)
  return (
    matchesKind(match, facts) &&
    matchesScope(match, facts) &&
    matchesNamespaces(match, facts) &&
    (match.labelSelector === undefined || selects(match.labelSelector, labelsOf(target.object))) &&
    matchesNamespaceSelector(match, facts) &&
    matchesName(match, target) &&
    matchesSource(match, target)
  )
}

/** Whether objects of the kind, of whatever group, can match. */
export function mayMatchKind({ kinds = [] }: Match, kind: string): boolean {
  return kinds.length === 0 || kinds.some(({ kinds: names = [] }) => names.length === 0 || names.includes('*') || names.includes(kind))
}

function matchesKind({ kinds = [] }: Match, { group, kind }: Facts): boolean {
  return kinds.length === 0 || kinds.some((each) => isListed(each.kinds, kind) && isListed(each.apiGroups, group))
}

const isListed = (list: readonly string[] | undefined, name: string) =>
  list === undefined || list.length === 0 || list.includes('*') || list.includes(name)

function matchesScope({ scope }: Match, { isNamespace, inNamespace }: Facts): boolean {
  if (scope === 'Cluster') return isNamespace || !inNamespace
  if (scope === 'Namespaced') return !isNamespace && inNamespace
  return true
}

function matchesNamespaces({ namespaces = [], excludedNamespaces = [] }: Match, { namespaceName }: Facts): boolean {
  // Neither list can be about an object of the cluster.
  if (namespaceName === undefined || (namespaces.length === 0 && excludedNamespaces.length === 0)) return true
  const named = (list: readonly string[]) => list.some((pattern) => matchesPattern(pattern, namespaceName))
  return (namespaces.length === 0 || named(namespaces)) && !named(excludedNamespaces)
}

function matchesNamespaceSelector({ namespaceSelector }: Match, { object, namespace, isNamespace }: Facts): boolean {
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
