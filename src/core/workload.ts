import type { LabelSelector, Labels } from './labels.ts'
import { selects } from './labels.ts'

/**
 * Something that policy speaks about: a control group and all below it, or a process tree where there is no control group.
 * `slot` is its stable place in the kernel's maps; an identity is a number for all workloads that no policy tells apart, and changes with the policies.
 */
export interface Workload {
  readonly name: string
  readonly namespace: string
  readonly labels: Labels
  readonly slot: number
  readonly mode: Mode
  readonly anchor: Anchor
  readonly image?: string
  /** Addresses that are this workload's alone (it has a network namespace of its own). */
  readonly addresses: readonly string[]
}

export type Anchor =
  | { readonly is: 'cgroup'; readonly path: string; readonly id: bigint; readonly owned: boolean; readonly netns?: string }
  | { readonly is: 'process'; readonly pid: number }

/** From weakest to strongest: count only, report what would be denied, deny. The weaker of a policy's and a workload's mode holds. */
export type Mode = 'observe' | 'shadow' | 'enforce'
export const MODES: readonly Mode[] = ['observe', 'shadow', 'enforce']

export function weaker(one: Mode, other: Mode): Mode {
  return MODES.indexOf(one) <= MODES.indexOf(other) ? one : other
}

/** Labels of each namespace, by its name. A namespace that nobody described has the label that Kubernetes gives to all: its name. */
export type Namespaces = ReadonlyMap<string, Labels>
export const NAMESPACE_NAME = 'kubernetes.io/metadata.name'

export function namespaceLabels(namespaces: Namespaces, name: string): Labels {
  return { [NAMESPACE_NAME]: name, ...namespaces.get(name) }
}

/** Which workloads are meant: by their namespace's name or labels, and by their own labels. What is left out does not restrict. */
export interface Selector {
  /** The node itself is meant, and no workload. */
  readonly node?: true
  readonly namespace?: string
  readonly namespaces?: LabelSelector
  readonly workloads: LabelSelector
}

export function meant(selector: Selector, workload: Pick<Workload, 'namespace' | 'labels'>, namespaces: Namespaces): boolean {
  return (
    selector.node === undefined &&
    (selector.namespace === undefined || selector.namespace === workload.namespace) &&
    (selector.namespaces === undefined || selects(selector.namespaces, namespaceLabels(namespaces, workload.namespace))) &&
    selects(selector.workloads, workload.labels)
  )
}
