// What is presented, and what is made of it. A boot, a quote, a report and a scan are all appraised in the same words.
import { type Check, FAIL, PASS, together, type Verdict } from './verdict.ts'

/** What somebody presents about something: hostile until it is appraised. */
export interface Evidence {
  /** What kind of evidence, as `tpm-quote`, `snp-report`, `tcg-log`. */
  readonly type: string
  /** What it is said to be about: a node, a workload, an artifact. */
  readonly about: string
  /** The bytes by the name of their part, as `message`, `signature`, `log`. */
  readonly parts: Readonly<Record<string, Uint8Array>>
  /** What was asked for, so that an old answer cannot be given again. */
  readonly nonce?: Uint8Array
}

/** What came of looking at evidence. */
export interface Appraisal {
  readonly about: string
  readonly checks: readonly Check[]
  /** Of all checks together. */
  readonly verdict: Verdict
  /** SHA-256 of each part that was looked at, `sha256:HEX`. */
  readonly from: readonly string[]
  /** Milliseconds since 1970 after which it says nothing any more; null where nothing in it ends. */
  readonly expires: number | null
}

/** An appraisal whose verdict is that of its checks. */
export function appraisal(about: string, checks: readonly Check[], from: readonly string[], expires: number | null = null): Appraisal {
  return { about, checks, verdict: together(checks.map(({ verdict }) => verdict)), from, expires }
}

/** The checks of one technology: code → what is looked at, and the clause that asks for it. docs/codes.md is made from these tables. */
export type CheckTable = Readonly<Record<string, { readonly title: string; readonly clause: string }>>

/** One check of a table. */
export function checked<T extends CheckTable>(
  table: T,
  code: keyof T & string,
  verdict: Verdict | boolean,
  seen?: { readonly expected?: string; readonly got?: string },
): Check {
  const { title, clause } = table[code]!
  const is = typeof verdict === 'boolean' ? (verdict ? PASS : FAIL) : verdict
  return seen === undefined ? { code, title, verdict: is, clause } : { code, title, verdict: is, ...seen, clause }
}
