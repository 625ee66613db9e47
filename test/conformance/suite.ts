/** What a suite found. Every case is counted once, in one of the first four. */
export interface SuiteResult {
  readonly suite: string
  readonly passed: number
  /** Could not be judged: unreadable, or a judge broke down. */
  readonly failed: number
  /** Needs a feature that Thymus refuses by name. */
  readonly refused: number
  /** Judged, and at least one answer differs from the truth. */
  readonly wrong: number
  readonly [figure: string]: unknown
}

/** Reads the cases at a path and judges them; a line on stderr for each case that did not pass. */
export type Suite = (path: string) => Promise<SuiteResult>
