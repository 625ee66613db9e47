// Gatekeeper's mutation and expansion, as a process that Go builds and that answers line by line.
import { join } from 'node:path'
import { go, Oracle } from '../oracle.ts'

export interface Question {
  /** A location to parse; nothing else is asked then. */
  readonly path?: string
  /** The object is expanded where there are any. */
  readonly templates?: readonly unknown[]
  readonly mutators?: readonly unknown[]
  readonly object?: unknown
  readonly namespace?: unknown
  readonly source?: string
  readonly operation?: string
  /** A UUID: the mutation is told in annotations. */
  readonly annotate?: string
}

export interface Answer {
  readonly nodes?: readonly { readonly field?: string; readonly key?: string; readonly value?: string; readonly number?: string }[]
  /** Of each mutator, or each template: why it was not taken; empty where it was. */
  readonly rejected: readonly string[]
  readonly conflicts: readonly string[]
  readonly mutated: boolean
  readonly object?: unknown
  readonly resultants?: readonly { readonly template: string; readonly enforcementAction: string; readonly object: unknown }[]
  readonly error?: string
}

const MODULE = 'github.com/open-policy-agent/gatekeeper/v3'

/** Validates by the CRDs that Gatekeeper comes with. */
export function startOracle(): Oracle<Question, Answer> | string {
  const crds = () => [join(go(import.meta.dirname, 'list', '-m', '-f', '{{.Dir}}', MODULE), 'charts/gatekeeper/crds')]
  return Oracle.start(import.meta.dirname, crds)
}
