// Did these programs run, and were they those that are known? The log is a claim, as far as a quoted PCR does not say the same.
import { type CheckTable, checked } from '../../../core/appraisal.ts'
import { type Check, unknown } from '../../../core/verdict.ts'
import type { HashName } from '../../../formats/hash.ts'
import { some } from '../ima/words.ts'
import { faultOf, type KnownPrograms } from './program.ts'
import { RUN_PCR, type RunRecord } from './record.ts'
import { type RunWalk, walkRuns } from './replay.ts'

export const RUN_CHECKS = {
  RUN_REPLAY: { title: 'The log of measured programs leads to the quoted value of its PCR', clause: 'TPM 2.0 part 1, 17.2' },
  RUN_PROGRAM: { title: 'Every measured program is one that the reference knows', clause: 'Thymus policy' },
} as const satisfies CheckTable

/** What a quote that was verified covers of one bank. */
export interface QuotedValues {
  readonly bank: HashName
  readonly values: ReadonlyMap<number, Uint8Array>
}

export interface VerifiedRuns {
  readonly checks: readonly Check[]
  /** In the order of the log. Only these may be judged. */
  readonly attested: readonly RunRecord[]
  readonly isGenuine: boolean
}

/** Holds a log to what was quoted: each PCR that it names, and that of every run where it names none. */
export function verifyRuns(records: readonly RunRecord[], quoted: QuotedValues | undefined): VerifiedRuns {
  const pcrs = records.length === 0 ? [RUN_PCR] : [...new Set(records.map(({ pcr }) => pcr))].sort((a, b) => a - b)
  const held = pcrs.map((pcr) => hold(records, pcr, quoted))
  const attested = new Set(held.flatMap(({ walk }) => walk?.attested ?? []))
  const checks = held.map(({ check }) => check)
  const isGenuine = checks.every(({ verdict }) => verdict.is === 'pass')
  return { checks, attested: records.filter((record) => attested.has(record)), isGenuine }
}

function hold(records: readonly RunRecord[], pcr: number, quoted: QuotedValues | undefined): { check: Check; walk?: RunWalk } {
  const value = quoted?.values.get(pcr)
  if (quoted === undefined || value === undefined)
    return { check: checked(RUN_CHECKS, 'RUN_REPLAY', unknown('NOT_QUOTED', `PCR ${pcr} is not among what was quoted`)) }
  const walk = walkRuns(records, quoted.bank, pcr, value)
  const what = `PCR ${pcr} of the ${quoted.bank} bank`
  if (!walk.reached) {
    const seen = { expected: `a program after which ${what} is what was quoted`, got: `none of ${walk.pending.length}` }
    return { check: checked(RUN_CHECKS, 'RUN_REPLAY', false, seen), walk }
  }
  if (quoted.bank === 'sha1') {
    const why = unknown('RUN_BANK_WEAK', 'only SHA-1 was quoted, of which collisions can be made')
    return { check: checked(RUN_CHECKS, 'RUN_REPLAY', why) }
  }
  const after = walk.pending.length === 0 ? '' : `; ${walk.pending.length} that came after the quote are not attested yet`
  return { check: checked(RUN_CHECKS, 'RUN_REPLAY', true, { got: `${what}: ${walk.attested.length} programs${after}` }), walk }
}

/** Each program that is not known, or known with another digest, in words. */
export const strangers = (attested: readonly RunRecord[], known: KnownPrograms): readonly string[] => [
  ...new Set(attested.flatMap(({ run }) => faultOf(run, known) ?? [])),
]

/** Holds programs that a quote attests to those that may run. */
export function checkPrograms(attested: readonly RunRecord[], known: KnownPrograms | undefined): Check {
  if (known === undefined) return checked(RUN_CHECKS, 'RUN_PROGRAM', unknown('NOT_GIVEN', 'what may be started was not given'))
  const wrong = strangers(attested, known)
  return checked(RUN_CHECKS, 'RUN_PROGRAM', wrong.length === 0, wrong.length === 0 ? {} : { got: some(wrong) })
}
