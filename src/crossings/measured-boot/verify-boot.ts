// A log held to what hardware signed. The log says what was measured, the quote that these are the measurements: either alone says nothing.
import { checked } from '../../core/appraisal.ts'
import { type Check, unknown } from '../../core/verdict.ts'
import { BEST_FIRST, HASHES, type HashName, hashById, hashByName, hashesTo } from '../../formats/hash.ts'
import { bootOf } from '../../layers/firmware/boot/images.ts'
import type { Measurement } from '../../layers/firmware/boot/measurement.ts'
import type { EventLog } from '../../layers/firmware/tcg-log/event-log.ts'
import { checkRegisters, LOG_CHECKS } from '../../layers/firmware/tcg-log/registers.ts'
import { initialValue, replay } from '../../layers/firmware/tcg-log/replay.ts'
import type { TdReportBody } from '../../layers/hardware/dcap/report-body.ts'
import type { PcrValues } from '../../layers/hardware/tpm/abi/pcr-values.ts'
import type { VerifiedQuote } from '../../layers/hardware/tpm/verify/quote.ts'

export interface VerifiedBoot {
  readonly checks: readonly Check[]
  /** What was measured, in the bank that was quoted; undefined unless all checks pass: until then the log is a claim. */
  readonly boot: readonly Measurement[] | undefined
  readonly bank: HashName | undefined
}

export interface QuotedBoot {
  /** Its own checks are the caller's to look at: a quote that is not genuine makes no log true. */
  readonly quote: VerifiedQuote
  /** Undefined where there is none. */
  readonly log: EventLog | undefined
  /** Values that other logs account for, as that of measured programs for PCR 13; IMA's for PCR 10, where the quote came without values. */
  readonly others?: PcrValues
}

/** Holds a log to the PCRs that a TPM quoted. Where it came without their values, the log must yield the quoted digest by itself. */
export function verifyBoot({ quote: { quote, pcrs }, log, others = new Map() }: QuotedBoot): VerifiedBoot {
  if (quote === undefined) return unheld([checked(LOG_CHECKS, 'TCG_REPLAY', unknown('TCG_NOT_QUOTED', 'no PCR was quoted'))])
  const otherwise = (bank: HashName) => others.get(hashByName(bank)!.id)
  const given = new Map([...pcrs].flatMap(([id, values]) => (hashById(id) === undefined ? [] : [[hashById(id)!.name, values] as const])))
  if (given.size > 0) {
    const bank = strongest(log, [...given.keys()]) ?? [...given.keys()][0]!
    // The others need say nothing, but must not say otherwise.
    const beside = [...given].flatMap(([name, values]) => (name === bank ? [] : checkRegisters(log, name, values, otherwise(name))))
    const contrary = beside.filter(({ verdict }) => verdict.is === 'fail')
    return held([...checkRegisters(log, bank, given.get(bank)!, otherwise(bank)), ...contrary, ...strength(log && bank)], log, bank)
  }
  const quoted = quote.selections.map(({ hash, pcrs: numbers }) => ({ bank: hashById(hash)?.name, id: hash, numbers }))
  const bank = strongest(
    log,
    quoted.flatMap((each) => each.bank ?? []),
  )
  if (log === undefined) return unheld([checked(LOG_CHECKS, 'TCG_LOG', unknown('TCG_LOG_MISSING', 'there is no event log'))])
  if (bank === undefined)
    return unheld([checked(LOG_CHECKS, 'TCG_BANK', unknown('TCG_BANK_UNLOGGED', 'the log has no bank that is quoted'))])
  const values = quoted.flatMap((each) => (each.bank === undefined ? [] : valuesOf(log, each.bank, each.numbers, others.get(each.id))))
  const matches = HASHES.some(({ name, size }) => size === quote.pcrDigest.length && hashesTo(name, Buffer.concat(values), quote.pcrDigest))
  if (!matches) {
    const got = 'another digest, with PCRs that nothing accounts for as they are after the start'
    return unheld([checked(LOG_CHECKS, 'TCG_REPLAY', false, { expected: quote.pcrDigest.toString('hex'), got })])
  }
  // What yields the digest is what was quoted: the rest is as if the values had come with it.
  const numbers = quoted.find((each) => each.bank === bank)!.numbers
  const yielded = valuesOf(log, bank, numbers, otherwise(bank))
  const known = new Map(numbers.map((pcr, at) => [pcr, yielded[at]!]))
  return held([...checkRegisters(log, bank, known, otherwise(bank)), ...strength(bank)], log, bank)
}

/** Holds the log of a confidential guest to the registers that its report has: RTMR n is measurement register n + 1. */
export function verifyGuestBoot({ rtmr }: TdReportBody, log: EventLog | undefined): VerifiedBoot {
  const values = new Map(rtmr.map((value, number) => [number + 1, value]))
  return held(checkRegisters(log, 'sha384', values), log, 'sha384')
}

function valuesOf(
  log: EventLog,
  bank: HashName,
  pcrs: readonly number[],
  others: ReadonlyMap<number, Buffer> | undefined,
): readonly Buffer[] {
  const replayed = replay(log, bank)
  return pcrs.map((pcr) => replayed.get(pcr) ?? others?.get(pcr) ?? initialValue(log, bank, pcr))
}

/** Of the banks that are quoted and logged, the best. */
const strongest = (log: EventLog | undefined, quoted: readonly HashName[]): HashName | undefined =>
  BEST_FIRST.find((bank) => quoted.includes(bank) && log?.banks.includes(bank))

/** Two different events can be given one SHA-1 digest. */
function strength(bank: HashName | undefined): readonly Check[] {
  if (bank !== 'sha1') return []
  return [checked(LOG_CHECKS, 'TCG_BANK', unknown('TCG_BANK_WEAK', 'only SHA-1 was quoted, of which collisions can be made'))]
}

function held(checks: readonly Check[], log: EventLog | undefined, bank: HashName | undefined): VerifiedBoot {
  const genuine = log !== undefined && bank !== undefined && checks.every(({ verdict }) => verdict.is === 'pass')
  return { checks, boot: genuine ? bootOf(log, bank) : undefined, bank }
}

const unheld = (checks: readonly Check[]): VerifiedBoot => ({ checks, boot: undefined, bank: undefined })
