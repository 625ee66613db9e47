import type { Judge } from './case.ts'

/** SEV-SNP reports and launch digests. */
export const snp: Readonly<Record<string, Judge>> = {}
