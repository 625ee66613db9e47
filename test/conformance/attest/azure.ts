import type { Judge } from './case.ts'

/** Evidence of confidential guests with a virtual TPM, as Azure gives it. */
export const azure: Readonly<Record<string, Judge>> = {}
