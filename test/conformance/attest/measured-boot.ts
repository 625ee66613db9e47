import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Check, together } from '../../../src/core/verdict.ts'
import { verifyBoot, verifyGuestBoot } from '../../../src/crossings/measured-boot/verify-boot.ts'
import { readCcelTable } from '../../../src/layers/firmware/tcg-log/ccel-table.ts'
import { parseEventLog } from '../../../src/layers/firmware/tcg-log/event-log.ts'
import { replay } from '../../../src/layers/firmware/tcg-log/replay.ts'
import { readQuote } from '../../../src/layers/hardware/dcap/quote.ts'
import { QuoteVerifier } from '../../../src/layers/hardware/dcap/verify.ts'
import { type PcrValues, readSerializedPcrs, readTextPcrs } from '../../../src/layers/hardware/tpm/abi/pcr-values.ts'
import { readAttestationKey } from '../../../src/layers/hardware/tpm/verify/attestation-key.ts'
import { verifyQuote } from '../../../src/layers/hardware/tpm/verify/quote.ts'
import { readSignatureOf } from '../../../src/layers/hardware/tpm/verify/signature.ts'
import { type AttestCase, answered, type CaseFiles, type Difference, factsDiffer, type Judge } from './case.ts'

/** A log held to what was quoted. */
export const measuredBoot: Readonly<Record<string, Judge>> = { 'measured-boot': judgeBoot, 'ccel-vs-quote': judgeGuest }

/** Names that an index gives to what is wrong. */
const REASONS: Readonly<Record<string, readonly string[]>> = {
  'log-replay-vs-quote': ['TCG_REPLAY', 'TCG_UNLOGGED'],
  signature: ['TPM_SIGNATURE'],
  nonce: ['TPM_NONCE'],
  pcrDigest: ['TPM_PCR_DIGEST'],
}

function judgeBoot({ params, expect, files: names }: AttestCase, { read, has, root }: CaseFiles): readonly Difference[] {
  const key = readAttestationKey(read('ak'))
  const statement = { message: read('msg'), signature: readSignatureOf(key, read('sig')), key }
  const quote = verifyQuote({
    ...statement,
    ...(typeof params.nonce === 'string' && { nonce: Buffer.from(params.nonce, 'hex') }),
    ...(has('pcrs') ? { pcrs: readPcrs(read('pcrs')) } : valuesBeside(join(root, dirname(names.msg!)))),
  })
  const { checks } = verifyBoot({ quote, log: has('log') ? parseEventLog(read('log')) : undefined })
  // What the case does not give cannot be held to, and is no reason to refuse.
  const given = [...quote.checks, ...checks].filter(({ verdict }) => verdict.is !== 'unknown' || verdict.why.code !== 'NOT_GIVEN')
  const failed = failures(given)
  const logless = checks.some(({ verdict }) => verdict.is === 'unknown')
  return [
    ...answered('verify', expect.verify, failed.length > 0 ? 'reject' : logless ? 'unknown' : 'accept'),
    ...((expect.reasons ?? []) as readonly string[])
      .filter((reason) => REASONS[reason] !== undefined && !REASONS[reason].some((code) => failed.includes(code)))
      .map((reason) => ({ what: 'reasons', expected: reason, got: failed })),
  ]
}

const failures = (checks: readonly Check[]) => checks.filter(({ verdict }) => verdict.is === 'fail').map(({ code }) => code)

function readPcrs(bytes: Buffer) {
  return /^[\s\w:]*$/.test(bytes.toString('latin1', 0, 64)) ? readTextPcrs(bytes.toString('latin1'), 'sha256') : readSerializedPcrs(bytes)
}

/** What the TPM held when it quoted, where that was recorded beside the quote: `pcr-BANK.txt`. A claim like any other. */
function valuesBeside(folder: string): { readonly pcrs?: PcrValues } {
  const file = join(folder, 'pcr-sha256.txt')
  return existsSync(file) ? { pcrs: readTextPcrs(readFileSync(file, 'latin1'), 'sha256') } : {}
}

/** What makes up a quote's signature, whatever is published about its platform. */
const SIGNATURE = ['DCAP_QUOTE_SIGNATURE', 'DCAP_KEY_BINDING', 'DCAP_QE_SIGNATURE', 'DCAP_PCK_CHAIN']

function judgeGuest({ expect }: AttestCase, { read, has }: CaseFiles): readonly Difference[] {
  const log = parseEventLog(read('log'), 'cc')
  const quote = readQuote(read('quote'))
  if (quote.body.tee !== 'TDX') return answered('verify', expect.verify, 'unknown')
  if (has('table') && BigInt(read('log').length) > readCcelTable(read('table')).areaLength)
    return answered('verify', expect.verify, 'reject')
  const signature = new QuoteVerifier().verify(quote, { now: 0 }).checks.filter(({ code }) => SIGNATURE.includes(code))
  const { checks } = verifyGuestBoot(quote.body, log)
  const replayed = replay(log, 'sha384')
  const { rtmr, reportData } = quote.body
  const facts = {
    rtmrMatch: rtmr.map((value, number) => replayed.get(number + 1)?.equals(value) ?? null),
    nonceInReportData: has('nonce') && reportData.equals(read('nonce')),
    quoteSig: together(signature.map(({ verdict }) => verdict)).is === 'pass',
  }
  const verdict = together([...signature, ...checks].map((check) => check.verdict)).is
  const answer = { pass: 'accept', fail: 'reject', unknown: 'unknown' }[verdict]
  const isNonce = !has('nonce') || facts.nonceInReportData
  return [...answered('verify', expect.verify, isNonce ? answer : 'reject'), ...factsDiffer(expect.facts, facts)]
}
