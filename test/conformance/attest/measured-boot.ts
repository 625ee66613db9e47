import type { Judge } from './case.ts'

/** A log held to what was quoted, and boots held to one another. */
export const measuredBoot: Readonly<Record<string, Judge>> = {}
