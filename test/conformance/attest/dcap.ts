import type { Judge } from './case.ts'

/** SGX and TDX quotes with their collateral. */
export const dcap: Readonly<Record<string, Judge>> = {}
