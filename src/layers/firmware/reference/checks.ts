// Whether a boot is one that was recorded.
import { type CheckTable, checked } from '../../../core/appraisal.ts'
import { type Check, unknown } from '../../../core/verdict.ts'
import type { HashName } from '../../../formats/hash.ts'
import { bootOf } from '../boot/images.ts'
import type { Measurement } from '../boot/measurement.ts'
import type { EventLog } from '../tcg-log/event-log.ts'
import { differences } from './difference.ts'
import { type BootReference, type Platform, platformOf, referenceFor } from './reference.ts'
import { explain } from './words.ts'

export const REFERENCE_CHECKS = {
  TCG_PLATFORM: { title: 'a boot of this firmware, Secure Boot state and number of vCPUs was recorded', clause: 'RFC 9334 §8.3' },
  TCG_REFERENCE: { title: 'the register was extended by what was recorded, and nothing else', clause: 'RFC 9334 §8.3' },
} as const satisfies CheckTable

/** How a boot differs from one that was recorded. */
export interface BootDifference {
  /** Registers that hold another value, in rising order. */
  readonly registers: readonly number[]
  /** Each once, register by register. */
  readonly words: readonly { readonly register: number; readonly text: string }[]
}

/**
 * Holds a boot to one reference. The log is believed: hold it to quoted registers first.
 * @param boot what the log measured in the reference's bank, where that is at hand
 */
export function compareBoot(
  reference: BootReference,
  log: EventLog,
  boot: readonly Measurement[] = bootOf(log, reference.bank),
): BootDifference {
  const found = differences(reference.measurements, boot, reference.except).map((each) => ({
    register: each.register,
    text: explain(each),
  }))
  const started = log.startupLocality !== reference.startupLocality && !reference.except?.includes(0)
  const all = [
    ...(started
      ? [{ register: 0, text: `The TPM was started from locality ${log.startupLocality}; it was ${reference.startupLocality}.` }]
      : []),
    ...found,
  ]
  const told = new Map(all.map((each) => [`${each.register} ${each.text}`, each]))
  return { registers: [...new Set(all.map(({ register }) => register))].sort((a, b) => a - b), words: [...told.values()] }
}

/**
 * Holds a boot to the reference of its platform.
 * @param bank in which the log was held to quoted registers: digests of other banks are whatever who hands over the log writes there
 * @param vcpus of the machine that booted, where that is known
 */
export function checkReference(references: readonly BootReference[], log: EventLog, bank: HashName, vcpus?: number): readonly Check[] {
  const boot = bootOf(log, bank)
  const banks = references.filter((each) => each.bank === bank && each.registers === log.registers)
  const platform = platformOf(boot, vcpus)
  const reference = referenceFor(banks, platform)
  if (reference === undefined) {
    return [
      checked(
        REFERENCE_CHECKS,
        'TCG_PLATFORM',
        unknown('TCG_PLATFORM_UNRECORDED', `no boot of such a machine was recorded in the bank ${bank}`),
        { got: words(platform) },
      ),
    ]
  }
  const { registers, words: differing } = compareBoot(reference, log, boot)
  return [
    checked(REFERENCE_CHECKS, 'TCG_PLATFORM', true),
    ...(registers.length === 0 ? [checked(REFERENCE_CHECKS, 'TCG_REFERENCE', true)] : []),
    ...registers.map((register) => {
      const got = differing.flatMap((each) => (each.register === register ? [each.text] : [])).join(' ')
      return checked(REFERENCE_CHECKS, 'TCG_REFERENCE', false, { expected: `register ${register} as recorded`, got })
    }),
  ]
}

function words({ firmware, secureBoot, vcpus }: Platform): string {
  const state = secureBoot === null ? 'unknown' : secureBoot ? 'on' : 'off'
  return `firmware ${JSON.stringify(firmware)}, Secure Boot ${state}${vcpus === undefined ? '' : `, ${vcpus} vCPUs`}`
}
