// The log of a boot: held to what a TPM quoted, to rules that any boot must follow, and to the boot of the reference.
import type { Check } from '../../../core/verdict.ts'
import { checkBoot } from '../../../layers/firmware/boot/checks.ts'
import { bootOf } from '../../../layers/firmware/boot/images.ts'
import type { Measurement } from '../../../layers/firmware/boot/measurement.ts'
import { narrative } from '../../../layers/firmware/boot/narrative.ts'
import { bootState } from '../../../layers/firmware/boot/state.ts'
import { checkReference } from '../../../layers/firmware/reference/checks.ts'
import { parseEventLog } from '../../../layers/firmware/tcg-log/event-log.ts'
import { checkRegisters } from '../../../layers/firmware/tcg-log/registers.ts'
import { type Appraiser, part } from '../appraise.ts'
import { quotedBy } from './tpm.ts'

/** `log`: as the kernel has it in `binary_bios_measurements`. */
export const appraiseBoot: Appraiser = (evidence, asked, all) => {
  const log = parseEventLog(part(evidence, 'log'))
  const quoted = quotedBy(all, asked, log.banks)
  const bank = log.banks.includes(quoted.bank) ? quoted.bank : log.banks[0]!
  const boot = bootOf(log, bank)
  const checks = [
    quoted.check,
    ...checkRegisters(log, quoted.bank, quoted.values),
    ...checkBoot(boot),
    ...checkReference(asked.reference.boots ?? [], log, asked.reference.vcpus),
  ]
  return { checks, claims: claimsOf(boot), expires: null, differences: differencesOf(checks) }
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
