// The local API: what the program says to the agent over its Unix socket, and what it gets back. One file, because both ends read it.
// HTTP with JSON; errors are `ApiError` with status 400 (bad input), 403 (not your agent), 404, 409 (the state forbids it) or 500.
// `GET …/events` streams one JSON value a line. Every answer carries `apiVersion` and `kind`.
import type { Because, Decision } from '../core/decision.ts'
import type { Code } from '../core/errors.ts'
import type { Finding, Severity } from '../core/finding.ts'
import type { Labels } from '../core/labels.ts'
import type { Gate, Protocol, Span } from '../core/policy.ts'
import type { LayerPosture } from '../core/posture.ts'
import type { Mode } from '../core/workload.ts'
import type { GroupName } from '../formats/cgroup-path.ts'

export const API_VERSION = 'thymus.dev/v1'

export interface ApiError {
  readonly code: Code
  readonly message: string
  readonly at?: string
}

/** GET /v1/status */
export interface Status {
  readonly agent: {
    readonly version: string
    readonly pid: number
    readonly guard: number | null
    readonly since: number
    readonly user: number
  }
  readonly layers: readonly LayerPosture[]
  readonly generation: number
  readonly workloads: number
  readonly policies: number
  /** Ends at this time (ms since 1970) in a roll-back unless it is confirmed. */
  readonly unconfirmed: number | null
  readonly loss: readonly Loss[]
  /** What happened to the agent's own state: a database set aside, a full disk. */
  readonly notices: readonly string[]
}

/** The loss equation of one program over all CPUs: issued = received + dropped + unread; `missed` are runs the kernel skipped (recursion). */
export interface Loss {
  readonly program: string
  readonly issued: number
  readonly received: number
  readonly dropped: number
  readonly unread: number
  readonly missed: number
}

/** POST /v1/policies: all documents of the text, or none. */
export interface ApplyRequest {
  readonly text: string
  readonly file: string
  readonly mode?: Mode
  readonly confirmWithinSeconds?: number
  readonly dryRun?: boolean
}
export interface ApplyResult {
  readonly generation: number
  readonly policies: readonly PolicySummary[]
  /** E.g. a selector that matches nothing, or connections that could not be ended at once. */
  readonly warnings: readonly string[]
  readonly unconfirmed: number | null
  /** Connections that this change cut. */
  readonly cut: number
  readonly took: number
}
/** POST /v1/policies/confirm and POST /v1/policies/rollback → ApplyResult. */

/** GET /v1/policies → { items } ; DELETE /v1/policies/ID → ApplyResult. */
export interface PolicySummary {
  readonly id: string
  readonly kind: string
  readonly namespace: string
  readonly mode: Mode
  readonly source: Span
  readonly rules: number
  readonly isolates: readonly Gate[]
  readonly workloads: readonly string[]
}

/**
 * POST /v1/policies/why: what would be decided, by both ends, and what would have to change. `from` and `to` are workload names or addresses.
 * A module is the node's: it is asked about by the SHA-256 of its file, in hexadecimal; without one it is a module that nobody knows.
 */
export type WhyRequest =
  | {
      readonly gate: 'connect' | 'bind' | 'exec'
      readonly from: string
      readonly to?: string
      readonly protocol?: Protocol
      readonly port?: number
      readonly path?: string
    }
  | { readonly gate: 'module'; readonly sha256?: string; readonly path?: string }
export interface WhyResult {
  readonly allowed: boolean
  readonly decisions: readonly Decision[]
  readonly change: readonly string[]
}

/** POST /v1/policies/diff (an ApplyRequest) → which answers would change: of the present workloads and the node, to what rules name. */
export interface DiffResult {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly changed: readonly { readonly request: string; readonly before: string; readonly after: string }[]
}

/** POST /v1/workloads: makes the group (and network namespace) with identity and policy in place; the caller starts the command in it. */
export interface StartRequest {
  readonly name: string
  readonly namespace: string
  readonly labels: Labels
  readonly mode?: Mode
  readonly netns?: boolean
  /** Adopt this group instead of making one. */
  readonly cgroup?: string
}
/** GET /v1/workloads → { items }; GET and DELETE /v1/workloads/NAMESPACE/NAME. */
export interface WorkloadSummary {
  readonly name: string
  readonly namespace: string
  readonly labels: Labels
  readonly slot: number
  readonly identity: number
  readonly mode: Mode
  readonly cgroup: string
  /** Whose group it is, where its path follows a convention that we know. */
  readonly madeBy?: GroupName
  readonly owned: boolean
  readonly netns: string | null
  readonly addresses: readonly string[]
  readonly processes: number
  readonly policies: readonly string[]
}

/** GET /v1/events?type=&workload=&follow=1 → lines of EventRecord. */
export interface EventRecord {
  readonly type: string
  readonly time: number
  readonly workload: string
  readonly process: { readonly pid: number; readonly comm: string; readonly ancestors: readonly string[] } | null
  readonly facts: Readonly<Record<string, unknown>>
  readonly ruling: { readonly effect: string; readonly enforced: boolean; readonly because: Because } | null
}

/** GET /v1/flows → { items } */
export interface FlowSummary {
  readonly from: string
  readonly to: string
  readonly protocol: string
  readonly port: number
  readonly state: 'open' | 'closed' | 'denied' | 'would deny'
  readonly count: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly last: number
  readonly because: string
}

/** GET /v1/decisions → { items }: what was denied, or would have been, that which was asked last first. */
export type { RememberedDecision } from '../engine/store/batch.ts'

/** GET /v1/findings?severity= → { items }; GET /v1/explain/ID → Explanation of a finding or a policy. */
export type FindingList = { readonly items: readonly Finding[] }
export interface Explanation {
  readonly id: string
  readonly title: string
  readonly what: string
  readonly because: readonly string[]
  readonly source: Span | null
  /** The line of the file that decided, as it is written there. */
  readonly line: string | null
  readonly change: readonly string[]
  readonly severity: Severity | null
}

/** POST /v1/record {"file": name or null} and POST /v1/down {"purge": bool} → {}. */
