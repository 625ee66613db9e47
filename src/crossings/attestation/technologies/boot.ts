// The log of a boot: held to what a TPM quoted, to rules that any boot must follow, and to the boot of the reference.
import { checked } from '../../../core/appraisal.ts'
import { type Check, unknown } from '../../../core/verdict.ts'
import type { HashName } from '../../../formats/hash.ts'
import { checkBoot } from '../../../layers/firmware/boot/checks.ts'
import { bootOf } from '../../../layers/firmware/boot/images.ts'
import type { Measurement } from '../../../layers/firmware/boot/measurement.ts'
import { narrative } from '../../../layers/firmware/boot/narrative.ts'
import { bootState } from '../../../layers/firmware/boot/state.ts'
import { checkReference } from '../../../layers/firmware/reference/checks.ts'
import { type EventLog, parseEventLog } from '../../../layers/firmware/tcg-log/event-log.ts'
import { LOG_CHECKS } from '../../../layers/firmware/tcg-log/registers.ts'
import type { VerifiedQuote } from '../../../layers/hardware/tpm/verify/quote.ts'
import { type Appraiser, part } from '../appraise.ts'
import { quotedBy } from './tpm.ts'

/** Holds a log to a quote (src/crossings/measured-boot). */
export type HoldLog = (given: { readonly quote: VerifiedQuote; readonly log: EventLog }) => {
  readonly checks: readonly Check[]
  readonly bank: HashName | undefined
}

/** `log`: as the kernel has it in `binary_bios_measurements`. */
export const bootAppraiser =
  (hold: HoldLog): Appraiser =>
  (evidence, asked, all) => {
    const log = parseEventLog(part(evidence, 'log'))
    const { check, quote } = quotedBy(all, asked)
    const held = quote === undefined ? NOT_HELD : hold({ quote, log })
    const boot = bootOf(log, held.bank ?? log.banks[0]!)
    const checks = [check, ...held.checks, ...checkBoot(boot), ...checkReference(asked.reference.boots ?? [], log, asked.reference.vcpus)]
    return { checks, claims: claimsOf(boot), expires: null, differences: differencesOf(checks) }
  }

const NOT_HELD = {
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
