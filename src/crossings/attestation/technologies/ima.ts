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
import { type Bank, beginning, IMA_PCR } from '../../../layers/firmware/ima/replay.ts'
import { validate } from '../../../layers/firmware/ima/validate.ts'
import { verifyList } from '../../../layers/firmware/ima/verify.ts'
import { type Appraiser, type Asked, part } from '../appraise.ts'
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
  const files = filesChecks(walk.attested, asked)
  return { checks: [check, ...checks, ...files], claims: { ...claims, attested: walk.attested.length }, expires: null }
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
