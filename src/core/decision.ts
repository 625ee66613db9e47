import type { Effect, Protocol, Rule } from './policy.ts'
import type { Reason } from './verdict.ts'

/** The node itself: who asks where no workload does, and whose the gates are that are no workload’s. */
export const NODE = 'host'

/** One end of traffic as it was seen: the workload where it is known, and the address and port. */
export interface End {
  readonly workload?: string
  readonly address?: string
  readonly port?: number
}

export interface TrafficRequest {
  readonly gate: 'connect' | 'accept' | 'bind'
  readonly subject: string
  readonly peer: End
  readonly protocol: Protocol | number
  readonly port: number
}

/** What somebody asked to do, and at which gate it was decided. */
export type Request =
  | TrafficRequest
  | { readonly gate: 'exec'; readonly subject: string; readonly path: string; readonly fileless: boolean }
  /** A kernel module is to be loaded. Without the digest of its file nobody knows what it is, as of one that has no file. */
  | { readonly gate: 'module'; readonly subject: typeof NODE; readonly sha256?: string; readonly path?: string }

/** Why: the rule that won, the policies that isolate the workload (nothing allowed it), no policy at all, or we cannot tell. */
export type Because =
  | { readonly rule: Rule; readonly policy: string }
  | { readonly implicit: readonly string[] }
  | { readonly free: true }
  | { readonly unknown: Reason }

export interface Decision {
  readonly request: Request
  readonly effect: Effect
  /** False where the deciding policy or the workload only observes or shadows. */
  readonly enforced: boolean
  readonly because: Because
  readonly generation: number
}
