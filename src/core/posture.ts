import type { Layer } from './finding.ts'
import type { Check, Reason, Verdict } from './verdict.ts'

/** One row of the board. A layer of which nothing exists yet says so; it is neither pass nor unknown. */
export interface LayerPosture {
  readonly layer: Layer
  readonly state: Verdict | { readonly is: 'not built' }
  readonly summary: string
  /** How strongly it can act on this machine, by gate: the rung that was seen to work. */
  readonly rungs: readonly Rung[]
  readonly checks: readonly Check[]
}

export interface Rung {
  readonly gate: string
  readonly rung: string
  readonly works: Verdict
}

export type { Reason }
