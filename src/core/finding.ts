/** From least to most urgent. */
export type Severity = 'info' | 'low' | 'medium' | 'high' | 'critical'
export const SEVERITIES: readonly Severity[] = ['info', 'low', 'medium', 'high', 'critical']

export type Layer = 'hardware' | 'firmware' | 'supply' | 'admission' | 'network' | 'runtime' | 'immunity'
export const LAYERS: readonly Layer[] = ['hardware', 'firmware', 'supply', 'admission', 'network', 'runtime', 'immunity']

/** Something that somebody should look at. `code` is stable and listed in `codes.ts`; `because` holds the evidence, as it was seen. */
export interface Finding {
  readonly id: string
  readonly code: string
  readonly layer: Layer
  readonly severity: Severity
  /** Wall-clock time, ms since 1970. */
  readonly at: number
  /** The workload, `namespace/name`, or `host`. */
  readonly about: string
  readonly title: string
  readonly because: readonly Readonly<Record<string, unknown>>[]
  readonly remedy: string
}
