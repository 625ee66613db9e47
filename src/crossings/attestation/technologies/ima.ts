// The kernel's list of what it measured since the boot: held to what a TPM quoted, and to the files of the reference.
import { checked } from '../../../core/appraisal.ts'
import { type Check, unknown } from '../../../core/verdict.ts'
import { readAsciiList } from '../../../layers/firmware/ima/ascii.ts'
import { readBinaryList } from '../../../layers/firmware/ima/binary.ts'
import { BOOT_AGGREGATE } from '../../../layers/firmware/ima/boot-aggregate.ts'
import { IMA_CHECKS } from '../../../layers/firmware/ima/checks.ts'
import type { ImaEntry } from '../../../layers/firmware/ima/entry.ts'
import type { ImaList } from '../../../layers/firmware/ima/list.ts'
import { readKeylimePolicy } from '../../../layers/firmware/ima/policy.ts'
import { type Bank, beginning, IMA_PCR, type ImaProgress } from '../../../layers/firmware/ima/replay.ts'
import { validate } from '../../../layers/firmware/ima/validate.ts'
import { checkBootAggregate, type ListEvidence, type VerifiedList, verifyList } from '../../../layers/firmware/ima/verify.ts'
import { type Appraiser, type Asked, part } from '../appraise.ts'
import { resumed, walkedList } from '../known.ts'
import { quotedBank, quotedBy } from './tpm.ts'

/** Those that the kernel extends. */
const BANKS: readonly Bank[] = ['sha512', 'sha384', 'sha256', 'sha1']
const ASCII_ZERO = 0x30

/** `log`: `binary_runtime_measurements`, or `ascii_runtime_measurements`. */
export const appraiseIma: Appraiser = (evidence, asked, all) => {
  const log = part(evidence, 'log')
  const list = readList(log)
  const { check, quote } = quotedBy(all, asked)
  const claims = { entries: list.entries.length, violations: list.entries.filter(({ violation }) => violation).length }
  const found = quotedBank(quote, BANKS)
  const quoted = found?.values.get(IMA_PCR)
  if (quote === undefined || found === undefined || quoted === undefined) {
    const why = unknown('NOT_QUOTED', `PCR ${IMA_PCR} is not among what was quoted`)
    return { checks: [check, checked(IMA_CHECKS, 'IMA_PCR', why)], claims, expires: null }
  }
  const { bank, values: pcrs } = found
  const boot = String(quote.attest.clockInfo.resetCount)
  const { known, learned } = quote
  const { checks, progress, attested } = walked(
    { list, quoted, boot, progress: beginning(boot, bank) },
    resumed(known?.list, log, boot, bank),
  )
  const isWalked = attested.length > 0 && checks.every(({ verdict }) => verdict.is === 'pass')
  return {
    checks: [check, ...checks, checkBootAggregate(attested, { bank, pcrs }), ...filesChecks(attested, asked)],
    claims: { ...claims, attested: attested.length },
    expires: null,
    ...(learned && isWalked ? { learned: { ...learned, list: walkedList(progress, log, attested.at(-1)!.end) } } : {}),
  }
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

/** A list in which no file stands says nothing of what was executed: no policy told the kernel to measure it. */
function filesChecks(attested: readonly ImaEntry[], { reference: { ima } }: Asked): readonly Check[] {
  const not = (code: string, text: string) => checked(IMA_CHECKS, 'IMA_FILE', unknown(code, text))
  if (ima === undefined) return [not('NOT_GIVEN', 'what may be executed was not given')]
  const checks = validate(attested, readKeylimePolicy(JSON.stringify(ima)))
  const isIdle = attested.every((entry) => entry.name === BOOT_AGGREGATE || entry.field('buf') !== undefined)
  return isIdle
    ? [not('IMA_IDLE', 'the kernel measured no file: no policy tells it to'), ...checks.filter(({ code }) => code !== 'IMA_FILE')]
    : checks
}

/** Text begins with the digits of a PCR, bytes with its number. @throws ThymusError FORMAT */
export function readList(bytes: Uint8Array): ImaList {
  return bytes[0] !== undefined && bytes[0] >= ASCII_ZERO ? readAsciiList(bytes) : readBinaryList(bytes)
}
