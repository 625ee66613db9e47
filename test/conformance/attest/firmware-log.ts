import type { Judge } from './case.ts'

/** Event logs of firmware and of confidential guests. */
export const firmwareLog: Readonly<Record<string, Judge>> = {}
