// Whether a quote is genuine: who signed it, on what platform, and what is published about that platform. Pure; the time is an argument.
import { hash, type KeyObject, verify } from 'node:crypto'
import { checked } from '../../../core/appraisal.ts'
import { type Check, unknown, type Verdict } from '../../../core/verdict.ts'
import { isZero } from '../../../formats/bytes.ts'
import type { Period } from './chain.ts'
import { DCAP_CHECKS } from './checks.ts'
import type { Collateral } from './collateral.ts'
import { strangeness } from './enclave-identity.ts'
import { INTEL_QE_VENDOR, INTEL_SGX_ROOT_KEY } from './intel.ts'
import type { PckExtension } from './pck.ts'
import { type Platform, Platforms } from './platform.ts'
import { CERTIFICATION, PPID_SIZE, type Quote } from './quote.ts'
import { evaluateTcb, isModuleKnown, type TcbEvaluation } from './tcb.ts'

export interface Given {
  /** Milliseconds since 1970. */
  readonly now: number
  readonly collateral?: Collateral | undefined
  /** Certificates of the platform, PEM or DER, in place of those in the quote. */
  readonly pckChain?: Buffer | undefined
}

export interface VerifiedQuote {
  readonly quote: Quote
  readonly checks: readonly Check[]
  /** Undefined where no certificate of the platform can be read. */
  readonly platform: Platform | undefined
  /** Undefined where there is no collateral, or no level in it. */
  readonly tcb: TcbEvaluation | undefined
  readonly collateral: Collateral | undefined
}

type Code = keyof typeof DCAP_CHECKS

/** Made once: most quotes pass most checks. */
const PASSED = Object.fromEntries(Object.keys(DCAP_CHECKS).map((code) => [code, checked(DCAP_CHECKS, code as Code, true)]))
const check = (code: Code, verdict: Verdict | boolean): Check => (verdict === true ? PASSED[code]! : checked(DCAP_CHECKS, code, verdict))
/** Passed unless there is a problem, which is then shown. */
const unless = (code: Code, problem: string | undefined): Check =>
  problem === undefined ? PASSED[code]! : checked(DCAP_CHECKS, code, false, { got: problem })

const NO_PCK = unknown('PCK_ABSENT', 'the quote does not carry the certificate of its platform, and none was given')
const NO_COLLATERAL = unknown('COLLATERAL_ABSENT', 'there is no collateral for this platform')
const NO_CHAIN = unknown('PCK_UNTRUSTED', 'what the certificate says of the platform is not to be trusted')
const WRONG_COLLATERAL = unknown('COLLATERAL_OTHER', 'the collateral is of another kind of platform')
const SGX_DEBUG = 0x02

/** Verifies quotes below the same roots. */
export class QuoteVerifier {
  readonly #platforms: Platforms

  /** @param anchors public keys of roots, as SubjectPublicKeyInfo */
  constructor(anchors: readonly Buffer[] = [INTEL_SGX_ROOT_KEY]) {
    this.#platforms = new Platforms(anchors)
  }

  /** What the platform of a quote says of itself, before anything of the quote is verified; undefined where no certificate of it can be read. */
  platformOf(quote: Quote): Platform | undefined {
    const read = this.#read(quote, undefined)
    return typeof read === 'object' ? read : undefined
  }

  verify(quote: Quote, { now, collateral, pckChain = collateral?.pckChain }: Given): VerifiedQuote {
    const read = this.#read(quote, pckChain)
    const platform = typeof read === 'object' ? read : undefined
    const checks = [
      check('DCAP_QUOTE_SIGNATURE', isSigned(this.#platforms.attestationKey(quote.attestationKey), quote.signed, quote.signature)),
      check('DCAP_KEY_BINDING', isBound(quote)),
      unless('DCAP_QE_VENDOR', quote.qeVendorId.equals(INTEL_QE_VENDOR) ? undefined : quote.qeVendorId.toString('hex')),
      ...(typeof read === 'string' ? [unless('DCAP_PCK_CHAIN', read)] : platformChecks(quote, read, now)),
    ]
    if (collateral === undefined) return { quote, checks: [...checks, ...WITHOUT_COLLATERAL], platform, tcb: undefined, collateral }
    checks.push(...collateralChecks(collateral, now))
    if (platform === undefined || typeof platform.chain === 'string')
      return { quote, checks: [...checks, check('DCAP_TCB_LEVEL', NO_CHAIN)], platform, tcb: undefined, collateral }
    checks.push(...published(quote, platform, collateral))
    const tcb = levelOf(quote, platform, collateral)
    if (tcb === undefined) checks.push(check('DCAP_TCB_LEVEL', WRONG_COLLATERAL))
    else checks.push(unless('DCAP_TCB_LEVEL', typeof tcb === 'string' ? `no level for ${tcb}` : undefined))
    return { quote, checks, platform, tcb: typeof tcb === 'string' ? undefined : tcb, collateral }
  }

  /** A text says what is wrong with its certificates; undefined where there are none. @param pckChain in place of those in the quote */
  #read({ certification: { type, data } }: Quote, pckChain: Buffer | undefined): Platform | string | undefined {
    if (pckChain !== undefined) return this.#platforms.ofFile(pckChain)
    return type === CERTIFICATION.pckChain ? this.#platforms.ofQuote(data) : undefined
  }
}

const WITHOUT_COLLATERAL: readonly Check[] = (
  ['DCAP_PCK_REVOCATION', 'DCAP_COLLATERAL_SIGNATURE', 'DCAP_COLLATERAL_VALIDITY', 'DCAP_QE_IDENTITY', 'DCAP_TCB_LEVEL'] as const
).map((code) => check(code, NO_COLLATERAL))

/** From the key that signs the quote up to the root. */
function platformChecks(quote: Quote, platform: Platform | undefined, now: number): readonly Check[] {
  if (platform === undefined)
    return (['DCAP_QE_SIGNATURE', 'DCAP_PCK_CHAIN', 'DCAP_PCK_VALIDITY'] as const).map((code) => check(code, NO_PCK))
  const { chain, key, extension } = platform
  return [
    check('DCAP_QE_SIGNATURE', isSigned(key, quote.qe.signed, quote.qe.signature)),
    unless('DCAP_PCK_CHAIN', typeof chain === 'string' ? chain : undefined),
    typeof chain === 'string' ? check('DCAP_PCK_VALIDITY', NO_CHAIN) : unless('DCAP_PCK_VALIDITY', outside(chain.period, now)),
    unless('DCAP_PCK_IDENTITY', otherPlatform(quote, extension)),
  ]
}

function collateralChecks({ problems, periods }: Collateral, now: number): readonly Check[] {
  let late: string | undefined
  for (const name in periods) {
    const problem = outside(periods[name]!, now)
    if (problem !== undefined) late = `${name} ${problem}`
  }
  return [unless('DCAP_COLLATERAL_SIGNATURE', problems[0]), unless('DCAP_COLLATERAL_VALIDITY', late)]
}

/** What is published, held to this quote and this platform. */
function published(quote: Quote, platform: Platform, collateral: Collateral): readonly Check[] {
  const { tcbInfo, qeIdentity } = collateral
  const debug = (quote.qe.report.attributes[0]! & SGX_DEBUG) !== 0
  return [
    unless('DCAP_PCK_REVOCATION', revocation(platform, collateral)),
    unless('DCAP_COLLATERAL_MATCH', otherKind(quote, platform.extension, collateral)),
    unless('DCAP_QE_IDENTITY', debug ? 'it can be debugged' : strangeness(qeIdentity, quote.qe.report)),
    ...(quote.body.tee === 'TDX' ? [check('DCAP_TDX_MODULE', isModuleKnown(quote.body, tcbInfo))] : []),
  ]
}

/** Undefined where the collateral is of another kind of platform; a text says for which part there is no level. */
function levelOf(quote: Quote, { extension }: Platform, collateral: Collateral): TcbEvaluation | string | undefined {
  if (otherKind(quote, extension, collateral) !== undefined) return undefined
  const subject = { platform: extension.tcb, qeIsvSvn: quote.qe.report.isvSvn, ...(quote.body.tee === 'TDX' && { td: quote.body }) }
  return evaluateTcb(subject, collateral.tcbInfo, collateral.qeIdentity)
}

function revocation({ certificate, chain }: Platform, { pckAuthority, pckCrl, rootCrl }: Collateral): string | undefined {
  if (typeof chain === 'string') return chain
  const { issuer, root } = chain
  if (
    pckAuthority === undefined ||
    !pckAuthority.rawSubject.equals(issuer.rawSubject) ||
    !pckAuthority.publicKey.raw.equals(issuer.publicKey.raw)
  )
    return 'the PCK CRL is of another issuer'
  if (rootCrl.revoked.has(issuer.serial) || rootCrl.revoked.has(root.serial)) return 'an authority is revoked'
  const entry = pckCrl.revoked.get(certificate.serial)
  return entry && `the platform is revoked: ${entry.reason}`
}

/** How the collateral is not of the quote's kind of platform. */
function otherKind({ tee }: Quote, { fmspc, pceId }: PckExtension, { tcbInfo, qeIdentity }: Collateral): string | undefined {
  if (tcbInfo.id !== tee) return `TCB info of ${tcbInfo.id}`
  if (qeIdentity.id !== (tee === 'TDX' ? 'TD_QE' : 'QE')) return `identity of ${qeIdentity.id}`
  if (!tcbInfo.fmspc.equals(fmspc)) return `TCB info of FMSPC ${tcbInfo.fmspc.toString('hex')}`
  return tcbInfo.pceId.equals(pceId) ? undefined : `TCB info of PCE ${tcbInfo.pceId.toString('hex')}`
}

/** A quote that names its platform instead of certifying it: what of the names is in clear must be what the certificate has. */
function otherPlatform({ certification: { type, data } }: Quote, { ppid, pceId }: PckExtension): string | undefined {
  const size = PPID_SIZE.get(type)
  if (size === undefined) return undefined
  if (type === CERTIFICATION.ppidClear && !data.subarray(0, size).equals(ppid)) return 'another PPID'
  const pce = data.subarray(size + 18)
  return pce.length === 0 || pce.equals(pceId) ? undefined : 'another PCE'
}

/** SHA-256 of the attestation key and the authentication data, and 32 zeros, are what the quoting enclave reports. */
function isBound({ attestationKey, qe }: Quote): boolean {
  const digest = hash('sha256', Buffer.concat([attestationKey, qe.authData]), 'buffer')
  return digest.equals(qe.report.reportData.subarray(0, 32)) && isZero(qe.report.reportData.subarray(32))
}

/** @param signature r and s */
function isSigned(key: KeyObject | undefined, data: Buffer, signature: Buffer): boolean {
  return key !== undefined && verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature)
}

function outside({ from, to }: Period, now: number): string | undefined {
  if (now < from) return `speaks from ${new Date(from).toISOString()}`
  if (now <= to) return undefined
  return to === Number.NEGATIVE_INFINITY ? 'does not say when it ends' : `spoke until ${new Date(to).toISOString()}`
}
