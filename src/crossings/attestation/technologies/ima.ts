// The kernel's list of what it measured since the boot: held to what a TPM quoted, and to the files of the reference.
import { checked } from '../../../core/appraisal.ts'
import { unknown } from '../../../core/verdict.ts'
import { readAsciiList } from '../../../layers/firmware/ima/ascii.ts'
import { readBinaryList } from '../../../layers/firmware/ima/binary.ts'
import { IMA_CHECKS } from '../../../layers/firmware/ima/checks.ts'
import type { ImaList } from '../../../layers/firmware/ima/list.ts'
import { readKeylimePolicy } from '../../../layers/firmware/ima/policy.ts'
import { type Bank, beginning, IMA_PCR } from '../../../layers/firmware/ima/replay.ts'
import { validate } from '../../../layers/firmware/ima/validate.ts'
import { verifyList } from '../../../layers/firmware/ima/verify.ts'
import { type Appraiser, part } from '../appraise.ts'
import { quotedBank, quotedBy } from './tpm.ts'

/** Those that the kernel extends. */
const BANKS: readonly Bank[] = ['sha512', 'sha384', 'sha256', 'sha1']
const ASCII_ZERO = 0x30

/** `log`: `binary_runtime_measurements`, or `ascii_runtime_measurements`. */
export const appraiseIma: Appraiser = (evidence, asked, all) => {
  const list = readList(part(evidence, 'log'))
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
  const { checks, walk } = verifyList({ list, quoted, boot, progress: beginning(boot, bank), boots: { bank, pcrs } })
  const { ima } = asked.reference
  const files =
    ima === undefined
      ? [checked(IMA_CHECKS, 'IMA_FILE', unknown('NOT_GIVEN', 'what may be executed was not given'))]
      : validate(walk.attested, readKeylimePolicy(JSON.stringify(ima)))
  return { checks: [check, ...checks, ...files], claims: { ...claims, attested: walk.attested.length }, expires: null }
}

/** Text begins with the digits of a PCR, bytes with its number. @throws ThymusError FORMAT */
export function readList(bytes: Uint8Array): ImaList {
  return bytes[0] !== undefined && bytes[0] >= ASCII_ZERO ? readAsciiList(bytes) : readBinaryList(bytes)
}
