// The library of Kubernetes in a process of Go's, which answers one question a line.
import { Oracle } from '../oracle.ts'

/** See main.go. */
export interface Question {
  readonly pod?: object
  readonly policies?: readonly (readonly [level: string, version: string])[]
  readonly request?: object
  readonly configuration?: object
  readonly namespaces?: readonly object[]
  readonly pods?: readonly object[]
  readonly clusterMinor?: number
}

export interface Answer {
  readonly error?: string
  readonly verdicts?: readonly GoVerdict[]
  readonly of?: readonly number[]
  readonly response?: Readonly<Record<string, unknown>>
}

export interface GoVerdict {
  readonly allowed: boolean
  readonly reasons: readonly string[] | null
  readonly details: readonly string[] | null
  readonly reason: string
  readonly detail: string
}

export const startOracle = () => Oracle.start<Question, Answer>(import.meta.dirname)
