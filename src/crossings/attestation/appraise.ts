// Any evidence → checks → a policy in Rego → a status. Pure: the time is an argument, and whoever presents the evidence is believed in nothing.
import { createHash } from 'node:crypto'
import { type Appraisal, appraisal, checked } from '../../core/appraisal.ts'
import { ThymusError } from '../../core/errors.ts'
import { type Check, unknown } from '../../core/verdict.ts'
import { API_VERSION, type Context, type Request } from '../../formats/doors/request.ts'
import { isTime, timeText } from '../../formats/doors/time.ts'
import type { Claims } from '../../formats/ear/ear.ts'
import { type Tier, type TrustVector, worstTier } from '../../formats/ear/trust.ts'
import type { Absent, Bundle, NamedEvidence } from '../../formats/evidence/bundle.ts'
import type { CertificateTable } from '../../layers/hardware/snp/certificate-table.ts'
import type { Authorities } from '../../layers/hardware/tpm/verify/endorsement.ts'
import { ATTEST_CHECKS } from './checks.ts'
import type { Known } from './known.ts'
import type { AppraisalPolicy, Decided } from './policy.ts'
import { evidenceFor, type Reference } from './reference.ts'

/** What the verifier knows and wants. */
export interface Asked {
  /** Milliseconds since 1970. */
  readonly now: number
  /** The challenge that was given; without one nothing says that the evidence is new. */
  readonly nonce?: Uint8Array
  /** What the evidence should say. */
  readonly reference: Reference
  /** What vendors publish, as far as the verifier keeps it; evidence brings its own. */
  readonly held?: HeldCollateral
  /** Whom the verifier believes about the endorsement keys of TPMs. */
  readonly authorities?: Authorities
  /** What is kept of an attestation key, by its name in hexadecimal; left out where nothing is. */
  readonly known?: (key: string) => Known | undefined
}

export interface HeldCollateral {
  readonly forReports: () => CertificateTable
  /** JSON, as `readCollateral` takes it; undefined where nothing is held of such platforms. */
  readonly forPlatform: (tee: 'SGX' | 'TDX', fmspc: Buffer) => string | undefined
}

/** What a verifier found in one piece of evidence. */
export interface Found {
  readonly checks: readonly Check[]
  /** What the evidence says, in the terms of its own format; true only where the verdict is pass. */
  readonly claims: Claims
  /** Milliseconds since 1970; null where nothing in it ends. */
  readonly expires: number | null
  /** In words: how it differs from what it should be. */
  readonly differences?: readonly string[]
  /** What is to be kept of the key that signed it; only of evidence that is genuine. */
  readonly learned?: Known
}

/**
 * Verifies and validates evidence of one type. `all`: what was presented with it, as the quote that a log is held to.
 * @throws ThymusError FORMAT for bytes that are none, EVIDENCE for a part that is missing
 */
export type Appraiser = (evidence: NamedEvidence, asked: Asked, all: readonly NamedEvidence[]) => Found

/** The appraisal of one piece of evidence. */
export interface Submodule extends Appraisal, Decided {
  readonly name: string
  readonly type: string
  readonly claims: Claims
  readonly differences: readonly string[]
}

export interface BundleAppraisal {
  readonly about: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly expires: number
  /** The worst of all submodules; `none` where one of them is, and none is worse. */
  readonly status: Tier
  readonly policy: string
  readonly submodules: readonly Submodule[]
  readonly absent: readonly Absent[]
}

export interface Verifier {
  readonly appraisers: Readonly<Record<string, Appraiser>>
  readonly policy: AppraisalPolicy
  readonly context: Context
  /** For how long a result may be used, in ms, where nothing in the evidence ends before. */
  readonly validFor: number
}

/** Appraises all evidence of a bundle. `learned`: of the keys that signed it, to be kept for the next time. */
export function appraise(bundle: Bundle, given: Asked, verifier: Verifier): BundleAppraisal & { readonly learned: readonly Known[] } {
  // A challenge of no bytes is answered by every report whose data is zero, and by every quote that nobody asked for.
  const { nonce, ...others } = given
  const asked = nonce?.length === 0 ? others : given
  const looked = bundle.evidence.map((evidence) => look(evidence, asked, bundle.evidence, verifier.appraisers))
  const presented = bundle.evidence.map((evidence, index) => decidedOn(evidence, looked[index]!, asked, verifier))
  const submodules = [...presented, ...missing(bundle, asked, verifier)]
  const ends = submodules.flatMap(({ expires }) => expires ?? [])
  return {
    about: bundle.about,
    at: asked.now,
    expires: Math.min(asked.now + verifier.validFor, ...ends),
    status: statusOf(submodules.map(({ status }) => status)),
    policy: verifier.policy.id,
    submodules,
    absent: bundle.absent,
    learned: looked.flatMap(({ learned }) => learned ?? []),
  }
}

/** What is left open is not affirmed by what stands beside it. */
function statusOf(tiers: readonly Tier[]): Tier {
  const worst = worstTier(tiers)
  return worst === 'affirming' && tiers.includes('none') ? 'none' : worst
}

/** What the reference names and nobody presented: who has something to hide leaves it out. No evidence can have a name with a colon. */
function missing({ about, evidence }: Bundle, asked: Asked, verifier: Verifier): readonly Submodule[] {
  const presented = new Set(evidence.map(({ type }) => type))
  return evidenceFor(asked.reference)
    .filter(({ types }) => !types.some((type) => presented.has(type)))
    .map(({ of, types }) => {
      const why = unknown('NOT_PRESENTED', `the reference has ${of}, and no ${types.join(' or ')} was presented`)
      const found: Found = { checks: [checked(ATTEST_CHECKS, 'ATTEST_PRESENTED', why)], claims: {}, expires: null }
      return decidedOn({ name: `missing:${of}`, type: types[0]!, about, parts: {} }, found, asked, verifier)
    })
}

function decidedOn(evidence: NamedEvidence, found: Found, asked: Asked, verifier: Verifier): Submodule {
  const { name, type, about, parts } = evidence
  const from = Object.values(parts).map((bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`)
  // A list may not say when it ends, and a date may be beyond those that can be written: neither lasts.
  const expires = found.expires === null || isTime(found.expires) ? found.expires : asked.now
  const seen = appraisal(about, found.checks, from, expires)
  const decided = decide(request(seen, evidence, found.claims, asked, verifier.context), verifier.policy)
  const { failure, ...decision } = decided
  const whole = failure === undefined ? seen : appraisal(about, [...found.checks, failure], from, expires)
  return { ...whole, ...decision, name, type, claims: found.claims, differences: found.differences ?? [] }
}

/** Whatever is wrong with the bytes is a check that failed. */
function look(evidence: NamedEvidence, asked: Asked, all: readonly NamedEvidence[], appraisers: Verifier['appraisers']): Found {
  const appraiser = Object.hasOwn(appraisers, evidence.type) ? appraisers[evidence.type] : undefined
  if (appraiser === undefined) {
    const why = unknown('EVIDENCE_TYPE', `nothing here verifies evidence of type ${evidence.type}`)
    return { checks: [checked(ATTEST_CHECKS, 'ATTEST_TYPE', why)], claims: {}, expires: null }
  }
  try {
    return appraiser(evidence, asked, all)
  } catch (error) {
    if (!(error instanceof ThymusError) || (error.code !== 'FORMAT' && error.code !== 'EVIDENCE')) throw error
    const code = error.code === 'FORMAT' ? 'ATTEST_FORMAT' : 'ATTEST_PARTS'
    const got = error.at === undefined ? error.message : `${error.at}: ${error.message}`
    return { checks: [checked(ATTEST_CHECKS, code, false, { got })], claims: {}, expires: null }
  }
}

function request(seen: Appraisal, { type, about }: NamedEvidence, claims: Claims, asked: Asked, context: Context): Request<'attest'> {
  return {
    apiVersion: API_VERSION,
    gate: 'attest',
    time: timeText(asked.now),
    subject: { node: about },
    object: {
      type,
      about,
      checks: seen.checks,
      verdict: seen.verdict,
      claims,
      from: seen.from,
      ...(seen.expires === null ? {} : { expires: timeText(seen.expires) }),
      ...(asked.nonce === undefined ? {} : { nonce: Buffer.from(asked.nonce).toString('base64url') }),
    },
    context,
  }
}

/** A policy that gives no answer affirms nothing. */
function decide(input: Request<'attest'>, policy: AppraisalPolicy): Decided & { readonly failure?: Check } {
  try {
    return policy.decide(input)
  } catch (error) {
    if (!(error instanceof ThymusError)) throw error
    const failure = checked(ATTEST_CHECKS, 'ATTEST_POLICY', unknown(error.code, error.message))
    return { status: 'none', vector: {} as TrustVector, because: [error.message], failure }
  }
}

/** The bytes of a part. @throws ThymusError EVIDENCE where there is none */
export function part({ parts }: NamedEvidence, name: string): Uint8Array {
  const bytes = Object.hasOwn(parts, name) ? parts[name] : undefined
  if (bytes === undefined) throw new ThymusError('EVIDENCE', `the part ${name} is missing`, { at: `parts.${name}` })
  return bytes
}
