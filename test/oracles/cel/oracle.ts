// cel-go in Kubernetes' own environment, in a process of Go's.
import { Oracle } from '../oracle.ts'

export interface Question {
  readonly expression: string
  readonly variables?: object
}

/** See main.go: either a value, written so that types are told apart, or an error. */
export interface Answer {
  readonly value?: unknown
  readonly type?: string
  readonly cost: number
  readonly error?: 'compile' | 'eval' | 'limit' | 'panic' | 'variables'
  readonly message?: string
}

/** A whole policy asked about one request: see rules.go. */
export interface Review {
  readonly spec: object
  readonly object: object | null
  readonly oldObject?: object | null
  readonly params?: object | null
  readonly namespace?: object | null
  readonly operation: string
  readonly user: string
}

export interface Verdict {
  readonly decisions: readonly { readonly action: string; readonly evaluation: string; readonly message: string; readonly reason: string }[]
  readonly annotations: readonly { readonly key: string; readonly action: string; readonly value: string; readonly error: string }[]
}

/** Asks about expressions. */
export const startOracle = () => Oracle.start<Question, Answer>(import.meta.dirname)

/** Asks about whole policies. */
export const startRules = () => Oracle.start<{ readonly review: Review }, Verdict>(import.meta.dirname)
