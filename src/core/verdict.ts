// The three-valued answer that every layer gives. Unknown is never shown, and never treated, as pass.

/** Why something could not be determined: a stable code for machines, a sentence for people. */
export interface Reason {
  readonly code: string
  readonly text: string
}

export type Verdict = { readonly is: 'pass' } | { readonly is: 'fail' } | { readonly is: 'unknown'; readonly why: Reason }

export const PASS: Verdict = { is: 'pass' }
export const FAIL: Verdict = { is: 'fail' }

/** An unknown verdict with its reason. */
export function unknown(code: string, text: string): Verdict {
  return { is: 'unknown', why: { code, text } }
}

/** One thing that was looked at. `clause` names the source that it follows. */
export interface Check {
  readonly code: string
  readonly title: string
  readonly verdict: Verdict
  readonly expected?: string
  readonly got?: string
  readonly clause?: string
}

/** The verdict of several checks together: one fail fails all, else one unknown makes the whole unknown, and nothing at all is unknown. */
export function together(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.length === 0) return unknown('NOTHING_CHECKED', 'nothing was checked')
  return verdicts.find((verdict) => verdict.is === 'fail') ?? verdicts.find((verdict) => verdict.is === 'unknown') ?? PASS
}
