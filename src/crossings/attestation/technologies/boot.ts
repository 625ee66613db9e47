// The log of a boot: held to what a TPM quoted, to rules that any boot must follow, and to the boot of the reference.
import { checked } from '../../../core/appraisal.ts'
import { ThymusError } from '../../../core/errors.ts'
import { type Check, unknown } from '../../../core/verdict.ts'
import type { NamedEvidence } from '../../../formats/evidence/bundle.ts'
import type { HashName } from '../../../formats/hash.ts'
import { checkBoot } from '../../../layers/firmware/boot/checks.ts'
import { bootOf } from '../../../layers/firmware/boot/images.ts'
import type { Measurement } from '../../../layers/firmware/boot/measurement.ts'
import { narrative } from '../../../layers/firmware/boot/narrative.ts'
import { bootState } from '../../../layers/firmware/boot/state.ts'
import { checkReference } from '../../../layers/firmware/reference/checks.ts'
import { type EventLog, parseEventLog } from '../../../layers/firmware/tcg-log/event-log.ts'
import { LOG_CHECKS } from '../../../layers/firmware/tcg-log/registers.ts'
import { readQuote } from '../../../layers/hardware/dcap/quote.ts'
import type { TdReportBody } from '../../../layers/hardware/dcap/report-body.ts'
import type { PcrValues } from '../../../layers/hardware/tpm/abi/pcr-values.ts'
import type { VerifiedQuote } from '../../../layers/hardware/tpm/verify/quote.ts'
import { type Appraiser, type Asked, type Found, part } from '../appraise.ts'
import { valuesOfRuns } from './measured-runs.ts'
import { quotedBy, quotedCheck } from './tpm.ts'

/** A log held to what hardware signed (src/crossings/measured-boot). */
interface Held {
  readonly checks: readonly Check[]
  readonly bank: HashName | undefined
}
export interface HoldLog {
  /** @param given with values that other logs account for */
  readonly toQuote: (given: { readonly quote: VerifiedQuote; readonly log: EventLog; readonly others: PcrValues }) => Held
  readonly toGuest: (body: TdReportBody, log: EventLog) => Held
}

/** `log`: as the kernel has it in `binary_bios_measurements`. */
export const bootAppraiser =
  ({ toQuote }: HoldLog): Appraiser =>
  (evidence, asked, all) => {
    const log = parseEventLog(part(evidence, 'log'))
    const { check, quote } = quotedBy(all, asked)
    return found(log, asked, check, quote && toQuote({ quote, log, others: valuesOfRuns(all, quote) }))
  }

/** The firmware's log among what was presented; undefined where none can be read, which its own appraisal says. */
export function presentedLog(all: readonly NamedEvidence[]): EventLog | undefined {
  const evidence = all.find(({ type }) => type === 'tcg-log')
  try {
    return evidence && parseEventLog(part(evidence, 'log'))
  } catch (error) {
    if (error instanceof ThymusError) return undefined
    throw error
  }
}

/** `log`: as a TDX guest has it in the ACPI table CCEL. @param appraiseQuote of the quote that comes with it */
export const guestBootAppraiser =
  ({ toGuest }: HoldLog, appraiseQuote: Appraiser): Appraiser =>
  (evidence, asked, all) => {
    const log = parseEventLog(part(evidence, 'log'), 'cc')
    const quote = all.find(({ type }) => type === 'dcap-quote')
    const body = quote && readQuote(part(quote, 'quote')).body
    const check = quotedCheck(quote && appraiseQuote(quote, asked, all).checks)
    return found(log, asked, check, body?.tee === 'TDX' ? toGuest(body, log) : undefined)
  }

function found(log: EventLog, { reference: { boots = [], vcpus, minSbat } }: Asked, quoted: Check, held: Held = NOT_HELD): Found {
  const bank = held.bank ?? log.banks[0]!
  const boot = bootOf(log, bank)
  const checks = [
    quoted,
    ...held.checks,
    ...checkBoot(boot, minSbat === undefined ? {} : { minSbat }),
    ...checkReference(boots, log, bank, vcpus),
  ]
  return { checks, claims: claimsOf(boot), expires: null, differences: differencesOf(checks) }
}

const NOT_HELD: Held = {
  checks: [checked(LOG_CHECKS, 'TCG_REPLAY', unknown('NO_QUOTE', 'nothing signed came with the log'))],
  bank: undefined,
}

/** In the words that the checks have for them. */
const differencesOf = (checks: readonly Check[]): readonly string[] =>
  checks.flatMap(({ code, verdict, got }) => (code === 'TCG_REFERENCE' && verdict.is === 'fail' && got !== undefined ? [got] : []))

function claimsOf(boot: readonly Measurement[]) {
  const { secureBoot, firmwareVersion, sbatLevel } = bootState(boot)
  const commandLines = boot.flatMap(({ kind, text }) => (kind === 'command-line' && text !== undefined ? [text] : []))
  return {
    'secure-boot': secureBoot ?? null,
    firmware: firmwareVersion ?? null,
    'sbat-level': sbatLevel ?? null,
    'command-lines': [...new Set(commandLines)],
    steps: narrative(boot),
  }
}
