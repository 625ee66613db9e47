// A TPM's quote: who signed it, whether it answers, and the register values that it covers, which logs are then held to.
import { checked } from '../../../core/appraisal.ts'
import { type Check, together, unknown } from '../../../core/verdict.ts'
import type { NamedEvidence } from '../../../formats/evidence/bundle.ts'
import { BEST_FIRST, type HashName, hashById, hashByName } from '../../../formats/hash.ts'
import { readAllPem } from '../../../formats/pem.ts'
import { readTextPcrs } from '../../../layers/hardware/tpm/abi/pcr-values.ts'
import { readTpmSignature } from '../../../layers/hardware/tpm/abi/signature.ts'
import { readVendorCertificate } from '../../../layers/hardware/tpm/abi/vendor-certificate.ts'
import { TPM_CHECKS } from '../../../layers/hardware/tpm/checks.ts'
import { validateQuote } from '../../../layers/hardware/tpm/validate/quote-policy.ts'
import { verifyAkCertificate } from '../../../layers/hardware/tpm/verify/ak-certificate.ts'
import { type AttestationKey, readAttestationKey } from '../../../layers/hardware/tpm/verify/attestation-key.ts'
import { type VerifiedQuote, verifyQuote } from '../../../layers/hardware/tpm/verify/quote.ts'
import { type Appraiser, type Asked, part } from '../appraise.ts'
import { ATTEST_CHECKS } from '../checks.ts'
import type { Known } from '../known.ts'
import { type EnrolledKey, isSameTpm, type Reference } from '../reference.ts'

/**
 * `message`: TPMS_ATTEST. `signature`: TPMT_SIGNATURE. `key`: the public area of the attestation key. `pcrs`: text, a PCR a line, as tpm2_pcrread
 * prints. `certificates`: that of the key, and those behind it, in PEM.
 */
export const appraiseQuote: Appraiser = (evidence, asked) => {
  const { checks, attest, pcrs, enrolled, learned, until } = quoteOf(evidence, asked)
  const { clockInfo } = attest
  const values = [...pcrs].map(([bank, registers]) => [
    hashById(bank)?.name ?? String(bank),
    Object.fromEntries([...registers].map(([register, value]) => [register, value.toString('hex')])),
  ])
  return {
    checks,
    claims: {
      key: keyNameOf(evidence) ?? null,
      clock: String(clockInfo.clock),
      'reset-count': clockInfo.resetCount,
      'restart-count': clockInfo.restartCount,
      firmware: attest.firmwareVersion.toString(16),
      enrolled: enrolled ?? null,
      pcrs: Object.fromEntries(values),
    },
    expires: until,
    ...(learned === undefined ? {} : { learned }),
  }
}

/** A quote, and what is kept of its key. */
export interface KnownQuote extends VerifiedQuote {
  readonly known: Known | undefined
  /** How its key was enrolled; undefined for one that was not. */
  readonly enrolled: EnrolledKey | undefined
  /** What is kept from now on; undefined where the quote is not genuine, or nobody keeps anything. */
  readonly learned: Known | undefined
  /** Milliseconds since 1970, when a certificate of its key ends; null where none was asked for. */
  readonly until: number | null
}

/** The quote that logs are held to, and whether it is genuine; without one, or with one that is not, a log is a claim. */
export interface Quoted {
  readonly check: Check
  readonly quote: KnownQuote | undefined
}

/** The first quote that was presented. */
export function quotedBy(all: readonly NamedEvidence[], asked: Asked): Quoted {
  const evidence = all.find(({ type }) => type === 'tpm-quote')
  const quote = evidence && quoteOf(evidence, asked)
  return { check: quotedCheck(quote?.checks), quote }
}

/** Whether what a log is held to is genuine. @param checks of the quote; undefined where none came with the log */
export function quotedCheck(checks: readonly Check[] | undefined): Check {
  if (checks === undefined) return checked(ATTEST_CHECKS, 'ATTEST_QUOTED', unknown('NO_QUOTE', 'nothing signed came with the log'))
  const wrong = checks.filter(({ verdict }) => verdict.is !== 'pass')
  const got = wrong.length === 0 ? {} : { got: wrong.map(({ code, verdict }) => `${code} ${verdict.is}`).join(', ') }
  return checked(ATTEST_CHECKS, 'ATTEST_QUOTED', together(checks.map(({ verdict }) => verdict)), got)
}

/** The best bank of which a quote covers values, and these; among some banks. @param pcr one that must be covered */
export function quotedBank<Bank extends HashName>(
  quote: VerifiedQuote | undefined,
  banks: readonly Bank[],
  pcr?: number,
): { readonly bank: Bank; readonly values: ReadonlyMap<number, Buffer> } | undefined {
  for (const name of BEST_FIRST) {
    const [bank, values] = [banks.find((each) => each === name), quote?.pcrs.get(hashByName(name)!.id)]
    if (bank !== undefined && values !== undefined && (pcr === undefined ? values.size > 0 : values.has(pcr))) return { bank, values }
  }
  return undefined
}

/** What nobody asked is left out: which registers are quoted is asked by the logs, and of a key that is first heard, or of which nothing is kept, there is nothing to go back from. */
const NOT_ASKED: ReadonlySet<string> = new Set([
  'TPM_PCR_SELECTION',
  'TPM_RESET_COUNT',
  'TPM_RESTART_COUNT',
  'TPM_CLOCK',
  'TPM_FIRMWARE_VERSION',
])

export const isAsked = ({ code, verdict }: Check) => verdict.is !== 'unknown' || !NOT_ASKED.has(code)

function quoteOf(evidence: NamedEvidence, asked: Asked): KnownQuote {
  const { nonce, reference, known: knownOf } = asked
  const key = readAttestationKey(bytesOf(evidence, 'key'))
  const pcrs = Object.hasOwn(evidence.parts, 'pcrs') ? readTextPcrs(bytesOf(evidence, 'pcrs').toString('latin1')) : undefined
  const name = keyName(key)
  const enrolled = enrolledKey(evidence, reference)
  // Of the keys that were enrolled the one that it is; another one where it is none of them.
  const expected = enrolled ?? reference.tpm?.keys?.[0]
  const known = name === undefined ? undefined : knownOf?.(name)
  const signature = readTpmSignature(bytesOf(evidence, 'signature'))
  const verified = verifyQuote({
    ...{ message: bytesOf(evidence, 'message'), signature, key },
    ...(pcrs === undefined ? {} : { pcrs }),
    ...(nonce === undefined ? {} : { nonce }),
    ...(expected === undefined ? {} : { keyName: Buffer.from(expected.name, 'hex') }),
    ...(known === undefined ? {} : { before: known.heard }),
  })
  const certified = certificateOf(evidence, key, asked)
  const checks = [
    ...verified.checks.filter(isAsked),
    ...(enrolled === undefined ? [] : nodeChecks(enrolled, evidence, reference)),
    ...certified.checks,
    ...validateQuote(verified, signature),
  ]
  const { clockInfo, firmwareVersion } = verified.attest
  const learned =
    name !== undefined && knownOf !== undefined && isGenuine(checks) ? { key: name, heard: { clockInfo, firmwareVersion } } : undefined
  return { ...verified, checks, known, enrolled, learned, until: certified.until }
}

/** Whether the TPM said it, now; values of PCRs that came beside it are another matter. A forger could move what is kept otherwise. */
const isGenuine = (checks: readonly Check[]) => checks.every(({ code, verdict }) => verdict.is === 'pass' || code === 'TPM_PCR_DIGEST')

/** How the key that signed a quote was enrolled: for the node that it is about, or else for another. @throws ThymusError FORMAT, EVIDENCE */
export function enrolledKey(evidence: NamedEvidence, { tpm }: Reference): EnrolledKey | undefined {
  const name = keyNameOf(evidence)
  const found = tpm?.keys?.filter((each) => each.name === name) ?? []
  return found.find(({ about }) => about === evidence.about) ?? found[0]
}

/** Whether it is the node that it says it is, and the only one with this TPM. */
function nodeChecks(enrolled: EnrolledKey, { about }: NamedEvidence, { tpm }: Reference): readonly Check[] {
  const others = tpm!.keys!.filter((each) => each.about !== enrolled.about && isSameTpm(each, enrolled)).map((each) => each.about)
  return [
    checked(ATTEST_CHECKS, 'ATTEST_NODE', enrolled.about === about, { expected: enrolled.about, got: about }),
    checked(ATTEST_CHECKS, 'ATTEST_NODE_ALONE', others.length === 0, others.length === 0 ? {} : { got: others.join(', ') }),
  ]
}

interface Certified {
  readonly checks: readonly Check[]
  readonly until: number | null
}

/** Whether those whom the reference names vouch for the key. It says nothing of which node's it is. @throws ThymusError FORMAT, EVIDENCE */
function certificateOf(evidence: NamedEvidence, key: AttestationKey, { reference: { tpm }, now }: Asked): Certified {
  if (tpm?.authorities === undefined) return { checks: [], until: null }
  const [certificate, ...intermediates] = Object.hasOwn(evidence.parts, 'certificates')
    ? readAllPem(bytesOf(evidence, 'certificates').toString('latin1')).map(({ bytes }) => readVendorCertificate(bytes))
    : []
  if (certificate === undefined) {
    const why = unknown('NOT_PRESENTED', 'the key came without a certificate')
    return { checks: [checked(TPM_CHECKS, 'TPM_AK_CHAIN', why)], until: null }
  }
  const roots = tpm.authorities.flatMap((pem) => readAllPem(pem).map(({ bytes }) => readVendorCertificate(bytes)))
  return verifyAkCertificate({ certificate, key, roots, intermediates, now })
}

/** The name of the key that signed a quote; undefined where it came without its public area. @throws ThymusError FORMAT, EVIDENCE */
export const keyNameOf = (evidence: NamedEvidence): string | undefined => keyName(readAttestationKey(bytesOf(evidence, 'key')))

const keyName = ({ name }: AttestationKey) => name?.toString('hex')

/** The bytes of a part, as the readers take them. @throws ThymusError EVIDENCE where there is none */
export function bytesOf(evidence: NamedEvidence, name: string): Buffer {
  const bytes = part(evidence, name)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
