// The log of decisions: one JSON object a line.
import type { Judgement } from '../../layers/admission/judgement.ts'
import type { AdmissionRequest } from '../../layers/admission/review.ts'
import { exactJson } from './json.ts'
import { masked, type Pointer } from './mask.ts'

export interface Decision {
  readonly webhook: 'validate' | 'mutate'
  readonly request: AdmissionRequest
  readonly judgement: Judgement
  /** What ended it without a judgement, so that the fail mode decided: `CODE: message`. */
  readonly failure: string | undefined
  /** Of a mutation that changes the object. */
  readonly mutated: boolean
  /** Milliseconds since 1970, when it was asked. */
  readonly at: number
  /** Milliseconds that the judgement took. */
  readonly took: number
}

export interface DecisionLog {
  readonly mask: readonly Pointer[]
  /** Takes a line without its end. What it throws, or tells `lost` later, is told to the operator; the decision stands. */
  readonly write: (line: string, lost: (error: unknown) => void) => void
}

/** Longer requests are logged without their objects. */
const MAX_REQUEST = 64 << 10

export function logDecision({ mask, write }: DecisionLog, decision: Decision, lost: (error: unknown) => void): void {
  const { webhook, request, judgement, failure, mutated, at, took } = decision
  const { allowed, message, violations } = judgement
  write(
    exactJson({
      time: new Date(at).toISOString(),
      uid: request.uid,
      webhook,
      decision: allowed ? 'allow' : 'deny',
      // Nothing that is asked in a dry run is stored, whatever is answered.
      dryRun: request.dryRun,
      ...(mutated ? { mutated } : {}),
      ...(failure === undefined ? {} : { failure }),
      ...(allowed || message === undefined ? {} : { message }),
      violations,
      duration: Math.round(took * 1e3) / 1e3,
      request: bounded(masked(request, mask) as Record<string, unknown>),
    }),
    lost,
  )
}

function bounded(request: Record<string, unknown>): unknown {
  if (exactJson(request).length <= MAX_REQUEST) return request
  const { object: _, oldObject: __, options: ___, ...rest } = request
  return { ...rest, cut: true }
}
