import type { Judge } from './case.ts'

/** Logs of the kernel, and policies made of them. */
export const ima: Readonly<Record<string, Judge>> = {}
