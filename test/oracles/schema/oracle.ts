// Kubernetes and Gatekeeper themselves, as a process that Go builds and that answers line by line.
import { Oracle } from '../oracle.ts'

export interface Question {
  readonly mode: 'server' | 'gatekeeper' | 'constraint'
  readonly schema: unknown
  readonly legacy?: boolean
  readonly value: unknown
}

export interface Answer {
  readonly schemaError?: string
  readonly problems: readonly string[] | null
  readonly beside: readonly string[] | null
  readonly unknown: readonly string[] | null
  readonly defaulted: unknown
  readonly error?: string
}

export const startOracle = () => Oracle.start<Question, Answer>(import.meta.dirname)
