import type { Effect, Protocol, Rule } from './policy.ts'
import type { Reason } from './verdict.ts'

/** One end of traffic as it was seen: the workload where it is known, and the address and port. */
export interface End {
  readonly workload?: string
  readonly address?: string
  readonly port?: number
}

/** What somebody asked to do, and at which gate it was decided. */
export type Request =
  | {
      readonly gate: 'connect' | 'accept' | 'bind'
      readonly subject: string
      readonly peer: End
      readonly protocol: Protocol | number
      readonly port: number
    }
  | { readonly gate: 'exec'; readonly subject: string; readonly path: string; readonly fileless: boolean }

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
