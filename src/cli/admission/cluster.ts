// The cluster as the webhook needs it; `--no-cluster` has the same shape, and nothing in it.

import type { SourceFile } from '../../layers/admission/manifests/document.ts'
import { readSources } from '../scan/files.ts'
import type { Change } from './known-cluster.ts'

export interface ServedCluster {
  /** Resolves when all objects of these kinds, of namespaces and pods are known. */
  follow(kinds: readonly { readonly apiVersion: string; readonly kind: string }[]): Promise<void>
  snapshot(): readonly Change[]
  /** From now on; `policies` where those of the cluster have changed. */
  watch(changed: (changes: readonly Change[]) => void, policies: () => void): void
  /** Sees to it that the namespace is known if it is there. True if it took time. */
  know(namespace: string, milliseconds: number): Promise<boolean>
  /** Gatekeeper's policies that the cluster holds. */
  policies(): Promise<readonly SourceFile[]>
  /** Milliseconds since something of it may have been missed. */
  age(): number
  notReady(): string | undefined
  publish(name: string, bundle: string): Promise<void>
  stop(): void
}

export const NO_CLUSTER: ServedCluster = {
  follow: async () => {},
  snapshot: () => [],
  watch: () => {},
  know: async () => false,
  policies: () => readSources('cluster'),
  age: () => 0,
  notReady: () => undefined,
  publish: async () => {},
  stop: () => {},
}

export interface ClusterFlags {
  readonly kubeconfig?: string
  readonly 'in-cluster'?: boolean
  readonly 'no-cluster'?: boolean
}

export async function openCluster(_flags: ClusterFlags, _note: (text: string) => void): Promise<ServedCluster> {
  return NO_CLUSTER
}
