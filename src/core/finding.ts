import type { Because } from './decision.ts'
import type { Span } from './policy.ts'

/** From least to most urgent. */
export type Severity = 'info' | 'low' | 'medium' | 'high' | 'critical'
export const SEVERITIES: readonly Severity[] = ['info', 'low', 'medium', 'high', 'critical']

export type Layer = 'hardware' | 'firmware' | 'supply' | 'admission' | 'network' | 'runtime' | 'immunity'
export const LAYERS: readonly Layer[] = ['hardware', 'firmware', 'supply', 'admission', 'network', 'runtime', 'immunity']

/** Every kind of finding: its layer, and what it means, in one line. docs/codes.md is made from it. */
export const FINDING_CODES = {
  RT_FILELESS: { layer: 'runtime', text: 'An image without a lasting name was executed, or was stopped from it (ATT&CK T1620).' },
  RT_EXEC_DENIED: { layer: 'runtime', text: 'A policy denies what was executed.' },
  FW_MODULE_DENIED: {
    layer: 'firmware',
    text: 'A policy of the node denies a kernel module that somebody wants to load (ATT&CK T1547.006).',
  },
  ADM_POD_SECURITY: { layer: 'admission', text: 'A pod breaks the Pod Security Standard that it was held to.' },
  ADM_VIOLATION: { layer: 'admission', text: 'An object violates a constraint of an admission policy.' },
  ADM_UNJUDGED: { layer: 'admission', text: 'An object could not be judged by a policy: nobody knows whether it would be refused.' },
  NET_DENIED: { layer: 'network', text: 'A policy denies traffic or a port that was asked for.' },
} as const satisfies Readonly<Record<string, { readonly layer: Layer; readonly text: string }>>
export type FindingCode = keyof typeof FINDING_CODES

/** Something that somebody should look at. `because` holds the evidence, as it was seen. */
export interface Finding {
  readonly id: string
  readonly code: FindingCode
  readonly layer: Layer
  readonly severity: Severity
  /** Wall-clock time, ms since 1970. */
  readonly at: number
  /** The workload, `namespace/name`, or `host`; of a manifest `Kind namespace/name`. */
  readonly about: string
  readonly title: string
  readonly evidence: Readonly<Record<string, unknown>>
  /** The rule that decided, where one did. */
  readonly because: Because | null
  readonly remedy: string
  /** Where in a file what was found is written. */
  readonly place?: Span
  /** What the object was held to, where that is finer than the code. */
  readonly rule?: FindingRule
}

/** A rule of a policy, for people. */
export interface FindingRule {
  /** `PodSecurity/privileged`, `Kind/name` of a constraint. */
  readonly name: string
  readonly title: string
  /** Why there is such a rule; empty where nobody says. */
  readonly reason: string
}

/** What a detector says of an event; the pipeline adds who, when and why. */
export interface Suspicion {
  readonly code: FindingCode
  readonly severity: Severity
  readonly title: string
  readonly remedy: string
}
