import type { Judge } from './case.ts'

/** Quotes, names, credentials and certificates of a TPM. */
export const tpm: Readonly<Record<string, Judge>> = {}
