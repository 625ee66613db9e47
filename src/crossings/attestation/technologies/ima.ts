// The kernel's list of what it measured since the boot: held to what a TPM quoted, and to the files of the reference.
import { checked } from '../../../core/appraisal.ts'
import { type Check, unknown } from '../../../core/verdict.ts'
import type { NamedEvidence } from '../../../formats/evidence/bundle.ts'
import { hashByName } from '../../../formats/hash.ts'
import { readAsciiList } from '../../../layers/firmware/ima/ascii.ts'
import { readBinaryList } from '../../../layers/firmware/ima/binary.ts'
import { BOOT_AGGREGATE } from '../../../layers/firmware/ima/boot-aggregate.ts'
import { IMA_CHECKS } from '../../../layers/firmware/ima/checks.ts'
import type { ImaEntry } from '../../../layers/firmware/ima/entry.ts'
import type { ImaList } from '../../../layers/firmware/ima/list.ts'
import { readKeylimePolicy } from '../../../layers/firmware/ima/policy.ts'
import { type Bank, beginning, IMA_PCR, type ImaProgress, walk } from '../../../layers/firmware/ima/replay.ts'
import { isExcluded, validate } from '../../../layers/firmware/ima/validate.ts'
import { checkBootAggregate, type ListEvidence, type VerifiedList, verifyList } from '../../../layers/firmware/ima/verify.ts'
import { valuesBeforeSystemd } from '../../../layers/firmware/tcg-log/registers.ts'
import type { VerifiedQuote } from '../../../layers/hardware/tpm/verify/quote.ts'
import { type Appraiser, type Asked, part } from '../appraise.ts'
import { resumed, walkedList } from '../known.ts'
import { presentedLog } from './boot.ts'
import { quotedBank, quotedBy } from './tpm.ts'

/** Those that the kernel extends. Two files can be given one SHA-1 digest, so that a list that only SHA-1 holds can be another. */
const BANKS: readonly Bank[] = ['sha512', 'sha384', 'sha256']
const ASCII_ZERO = 0x30

/** `log`: `binary_runtime_measurements`, or `ascii_runtime_measurements`. */
export const appraiseIma: Appraiser = (evidence, asked, all) => {
  const log = part(evidence, 'log')
  const list = readList(log)
  const { check, quote } = quotedBy(all, asked)
  const claims = { entries: list.entries.length, violations: list.entries.filter(({ violation }) => violation).length }
  const held = heldTo(quote, list)
  if (quote === undefined || held === undefined) {
    const why = unknown('NOT_QUOTED', `PCR ${IMA_PCR} is not among what was quoted in a bank of SHA-2`)
    return { checks: [check, checked(IMA_CHECKS, 'IMA_PCR', why)], claims, expires: null }
  }
  const { bank, boot } = held.progress
  const { known, learned } = quote
  const { checks, progress, attested } = walked(held, resumed(known?.list, log, boot, bank))
  const isWalked = attested.length > 0 && checks.every(({ verdict }) => verdict.is === 'pass')
  return {
    checks: [check, ...checks, checkBootAggregate(attested, bootsOf(list, quote, bank, all)), ...filesChecks(attested, asked)],
    claims: { ...claims, attested: attested.length },
    expires: null,
    ...(learned && isWalked ? { learned: { ...learned, list: walkedList(progress, log, attested.at(-1)!.end) } } : {}),
  }
}

/** The entries that a quote attests. */
export function attestedEntries(evidence: NamedEvidence, all: readonly NamedEvidence[], asked: Asked): readonly ImaEntry[] {
  const held = heldTo(quotedBy(all, asked).quote, readList(part(evidence, 'log')))
  return held === undefined ? [] : walk(held.progress, held.list, held.quoted).attested
}

/** Undefined where the quote does not cover the PCR. */
function heldTo(quote: VerifiedQuote | undefined, list: ImaList): ListEvidence | undefined {
  const found = quotedBank(quote, BANKS, IMA_PCR)
  const quoted = found?.values.get(IMA_PCR)
  if (quote === undefined || found === undefined || quoted === undefined) return undefined
  const boot = String(quote.attest.clockInfo.resetCount)
  return { list, quoted, boot, progress: beginning(boot, found.bank) }
}

/**
 * The list, walked to the quoted value. Entries that were walked before are taken as they were found: attested, every one of them readable.
 * @param from where an earlier walk of this very list ended; if nothing leads on from there, as in an older quote, the whole list is walked
 */
function walked(whole: ListEvidence, from: ImaProgress | undefined) {
  const { entries } = whole.list
  const cut = from === undefined ? 0 : entries.findIndex(({ number }) => number === from.entries) + 1
  const rest = from && verifyList({ ...whole, list: { ...whole.list, entries: entries.slice(cut) }, progress: from })
  if (!rest?.walk.reached) return outcome(verifyList(whole), [])
  return outcome(
    rest,
    entries.slice(0, cut).filter(({ pcr }) => pcr === from!.pcr),
  )
}

function outcome({ checks, walk: { progress, attested } }: VerifiedList, before: readonly ImaEntry[]) {
  return { checks, progress, attested: [...before, ...attested] }
}

/**
 * The kernel hashes the boot by an algorithm of its own choice; where that bank is quoted too, its PCRs tell. It does so before systemd extends
 * them: a log of the firmware that leads to what was quoted says what they were.
 */
function bootsOf({ entries }: ImaList, { pcrs }: VerifiedQuote, quoted: Bank, all: readonly NamedEvidence[]) {
  const bank = BANKS.find((each) => each === entries[0]?.digest.algorithm && pcrs.has(hashByName(each)!.id)) ?? quoted
  const values = pcrs.get(hashByName(bank)!.id)!
  const log = presentedLog(all)
  return { bank, pcrs: log === undefined ? values : valuesBeforeSystemd(log, bank, values) }
}

/** A list in which no file stands, or none that is judged, says nothing of what was executed. */
function filesChecks(attested: readonly ImaEntry[], { reference: { ima } }: Asked): readonly Check[] {
  const not = (code: string, text: string) => checked(IMA_CHECKS, 'IMA_FILE', unknown(code, text))
  if (ima === undefined) return [not('NOT_GIVEN', 'what may be executed was not given')]
  const policy = readKeylimePolicy(JSON.stringify(ima))
  const checks = validate(attested, policy)
  const isIdle = attested.every(
    (entry) => entry.name === BOOT_AGGREGATE || entry.field('buf') !== undefined || isExcluded(entry.name, policy),
  )
  return isIdle
    ? [
        not('IMA_IDLE', 'no file that is judged was measured: the kernel has no policy that tells it to, or all are excluded'),
        ...checks.filter(({ code }) => code !== 'IMA_FILE'),
      ]
    : checks
}

/** Text begins with the digits of a PCR, bytes with its number. @throws ThymusError FORMAT */
function readList(bytes: Uint8Array): ImaList {
  return bytes[0] !== undefined && bytes[0] >= ASCII_ZERO ? readAsciiList(bytes) : readBinaryList(bytes)
}
