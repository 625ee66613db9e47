// EAT Attestation Results: what a verifier found, as a claims set. Read here are two profiles, which differ in the names of their claims alone:
// draft-ietf-rats-ear-04 ("EAR" below), and the one of 2023 that Veraison and Trustee speak.
import { ThymusError } from '../../core/errors.ts'
import { quote } from '../../core/quote.ts'
import { decodeBase64 } from '../base64.ts'
import { DerReader } from '../der/reader.ts'
import { readPublicKeyInfo } from '../x509/public-key.ts'
import { isClaim, TIERS, type Tier, type TrustVector, vectorTier, worstTier } from './trust.ts'

export const EAR_PROFILE = 'tag:ietf.org,2026:rats/ear#04'
export const VERAISON_PROFILE = 'tag:github.com,2023:veraison/ear'
export type EarProfile = keyof typeof NAMES

export interface Ear {
  readonly profile: EarProfile
  /** Seconds since 1970, as JWT has them. */
  readonly issuedAt: number
  /** Seconds since 1970; then it must not be used any more. */
  readonly expires?: number
  readonly verifier: { readonly developer: string; readonly build: string }
  readonly rawEvidence?: Buffer
  /** Of whoever asked for the result, as it stands in the token. */
  readonly nonce?: string
  /** Of all submodules together. */
  readonly status?: Tier
  /** At least one. */
  readonly submods: Readonly<Record<string, EarAppraisal>>
}

export interface EarAppraisal {
  readonly status: Tier
  readonly vector?: TrustVector
  /** In the order in which they were applied. */
  readonly policies: readonly string[]
  /** What the evidence says. */
  readonly evidence?: Claims
  /** What the verifier adds. */
  readonly added?: Claims
  /** A key that was attested: SubjectPublicKeyInfo in DER. */
  readonly key?: Buffer
}

export type Claims = Readonly<Record<string, unknown>>

const NAMES = {
  [EAR_PROFILE]: {
    status: 'ear_status',
    vector: 'ear_trustworthiness_vector',
    raw: 'ear_raw_evidence',
    verifier: 'ear_verifier_id',
    policies: 'ear_appraisal_policy_ids',
    evidence: 'ear_attester_claims',
    added: 'ear_verifier_claims',
    key: 'ear_veraison_key_attestation',
  },
  [VERAISON_PROFILE]: {
    status: 'ear.status',
    vector: 'ear.trustworthiness-vector',
    raw: 'ear.raw-evidence',
    verifier: 'ear.verifier-id',
    policies: 'ear.appraisal-policy-id',
    evidence: 'ear.veraison.annotated-evidence',
    added: 'ear.veraison.policy-claims',
    key: 'ear.veraison.key-attestation',
  },
} as const

/** Far more than a node has of things that can be attested. */
const MAX_SUBMODS = 256

/**
 * Reads a claims set. What EAR does not name is an extension; one whose name begins as those of EAR must be an object (EAR §3).
 * @throws ThymusError FORMAT, which names the claim
 */
export function readEar(document: unknown): Ear {
  const claims = objectOf(document, 'the claims set')
  const profile = textOf(claims.eat_profile, 'eat_profile')
  if (!Object.hasOwn(NAMES, profile)) fail('eat_profile', `${quote(profile)} is a profile that is not read`)
  const names = NAMES[profile as EarProfile]
  const id = objectOf(claims[names.verifier], names.verifier)
  const submods = Object.entries(objectOf(claims.submods, 'submods'))
  if (submods.length === 0 || submods.length > MAX_SUBMODS) fail('submods', `${submods.length} of them, where 1 to ${MAX_SUBMODS} may be`)
  const read = submods.map(([name, value]) => [name, readAppraisal(value, profile as EarProfile, `submods.${name}`)] as const)
  const status = optional(claims, names.status, tierNamed)
  const worst = worstTier(read.map(([, each]) => each.status))
  if (status !== undefined && isHigher(status, worst)) fail(names.status, `${status}, and a submodule is ${worst}`)
  checkExtensions(claims, Object.values(names), '')
  return {
    profile: profile as EarProfile,
    issuedAt: secondsOf(claims.iat, 'iat'),
    ...some('expires', optional(claims, 'exp', secondsOf)),
    verifier: { developer: textOf(id.developer, `${names.verifier}.developer`), build: textOf(id.build, `${names.verifier}.build`) },
    ...some('rawEvidence', optional(claims, names.raw, bytesOf)),
    ...some(
      'nonce',
      optional(claims, 'eat_nonce', (value, at) => nonceOf(value, at, profile as EarProfile)),
    ),
    ...some('status', status),
    submods: Object.fromEntries(read),
  }
}

/** The claims set of a result, as JSON has it. It is read before it is given out: what this cannot read, nobody gets. @throws ThymusError FORMAT */
export function writeEar(ear: Ear): Claims {
  const names = NAMES[ear.profile]
  const submods = Object.entries(ear.submods).map(([name, each]): [string, Claims] => [
    name,
    {
      [names.status]: each.status,
      ...some(names.vector, each.vector),
      ...(each.policies.length === 0 ? {} : { [names.policies]: policiesText(each.policies, ear.profile) }),
      ...some(names.evidence, each.evidence),
      ...some(names.added, each.added),
      ...some(names.key, each.key && { akpub: each.key.toString('base64url') }),
    },
  ])
  const claims = {
    eat_profile: ear.profile,
    iat: ear.issuedAt,
    ...some('exp', ear.expires),
    [names.verifier]: ear.verifier,
    ...some('eat_nonce', ear.nonce),
    ...some(names.status, ear.profile === EAR_PROFILE ? ear.status : undefined),
    ...some(names.raw, ear.rawEvidence?.toString('base64url')),
    submods: Object.fromEntries(submods),
  }
  readEar(claims)
  return claims
}

function readAppraisal(value: unknown, profile: EarProfile, at: string): EarAppraisal {
  const claims = objectOf(value, at)
  const names = NAMES[profile]
  const status = tierNamed(claims[names.status], `${at}.${names.status}`)
  const vector = optional(claims, names.vector, vectorOf, at)
  if (vector !== undefined && isHigher(status, vectorTier(vector)))
    fail(`${at}.${names.status}`, `${status}, and a claim of its vector is ${vectorTier(vector)}`)
  checkExtensions(claims, Object.values(names), `${at}.`)
  return {
    status,
    ...some('vector', vector),
    policies: optional(claims, names.policies, (each, where) => policiesOf(each, where, profile), at) ?? [],
    ...some('evidence', optional(claims, names.evidence, objectOf, at)),
    ...some('added', optional(claims, names.added, objectOf, at)),
    ...some('key', optional(claims, names.key, keyOf, at)),
  }
}

/** EAR §3.1: a status is of no higher trust than the worst claim. `none` promises nothing, and contradicts none. */
function isHigher(status: Tier, worst: Tier): boolean {
  return status !== 'none' && TIERS.indexOf(status) < TIERS.indexOf(worst)
}

function vectorOf(value: unknown, at: string): TrustVector {
  const vector = objectOf(value, at)
  const entries = Object.entries(vector)
  if (entries.length === 0) fail(at, 'it makes no claim')
  for (const [name, each] of entries) {
    if (!isClaim(name)) fail(at, `${quote(name)} is no claim of AR4SI`)
    if (!Number.isInteger(each) || (each as number) < -128 || (each as number) > 127) fail(`${at}.${name}`, 'no number from -128 to 127')
  }
  return vector as TrustVector
}

/** A list in EAR (§3.1), one identifier in the profile of 2023. */
function policiesOf(value: unknown, at: string, profile: EarProfile): readonly string[] {
  if (profile === VERAISON_PROFILE) return [textOf(value, at)]
  if (!Array.isArray(value) || value.length === 0) return fail(at, 'no list of policies')
  return value.map((each) => textOf(each, at))
}

const policiesText = (policies: readonly string[], profile: EarProfile) => (profile === VERAISON_PROFILE ? policies.join(' ') : policies)

/** EAR §4.5: `akpub`, a SubjectPublicKeyInfo. */
function keyOf(value: unknown, at: string): Buffer {
  const key = bytesOf(objectOf(value, at).akpub, `${at}.akpub`)
  const reader = new DerReader(key)
  readPublicKeyInfo(reader)
  reader.finish()
  return key
}

/** 8 to 64 bytes in base64 (EAR §3); text of 10 to 74 bytes in the profile of 2023. */
function nonceOf(value: unknown, at: string, profile: EarProfile): string {
  const text = textOf(value, at)
  const [length, least, most] = profile === VERAISON_PROFILE ? [Buffer.byteLength(text), 10, 74] : [bytesOf(text, at).length, 8, 64]
  if (length < least || length > most) fail(at, `${length} bytes, where ${least} to ${most} may be`)
  return text
}

function checkExtensions(claims: Claims, known: readonly string[], at: string): void {
  for (const [name, value] of Object.entries(claims)) if (/^ear[._]/.test(name) && !known.includes(name)) objectOf(value, `${at}${name}`)
}

function tierNamed(value: unknown, at: string): Tier {
  return TIERS.find((tier) => tier === value) ?? fail(at, `no status: one of ${TIERS.join(', ')} is needed`)
}

/** EAT forbids times with a fraction (RFC 9711 §4.3.1). */
function secondsOf(value: unknown, at: string): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : fail(at, 'no whole seconds since 1970')
}

function bytesOf(value: unknown, at: string): Buffer {
  const bytes = decodeBase64(textOf(value, at), { url: true, padded: false })
  return bytes === undefined || bytes.length === 0 ? fail(at, 'no bytes in base64url without padding') : bytes
}

function textOf(value: unknown, at: string): string {
  return typeof value === 'string' ? value : fail(at, value === undefined ? 'it is missing' : 'it is no text')
}

function objectOf(value: unknown, at: string): Claims {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Claims
  return fail(at, value === undefined ? 'it is missing' : 'it is no object')
}

function optional<T>(claims: Claims, name: string, read: (value: unknown, at: string) => T, at?: string): T | undefined {
  return Object.hasOwn(claims, name) ? read(claims[name], at === undefined ? name : `${at}.${name}`) : undefined
}

const some = <Name extends string, T>(name: Name, value: T | undefined) =>
  (value === undefined ? {} : { [name]: value }) as { readonly [Key in Name]?: T }

function fail(at: string, message: string): never {
  throw new ThymusError('FORMAT', message, { at })
}
