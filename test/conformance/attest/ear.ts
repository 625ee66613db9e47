import type { Judge } from './case.ts'

/** Results of attestation. */
export const ear: Readonly<Record<string, Judge>> = {}
