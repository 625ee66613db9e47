// Certificate revocation lists (RFC 5280 §5): complete ones, of the authority that signs them. Delta, indirect and partitioned lists say so in
// critical extensions; they are read, but stand for nobody.
import { FAIL, PASS, unknown, type Verdict } from '../../core/verdict.ts'
import { DerReader, rightAligned } from '../der/reader.ts'
import { contextConstructed, TAG } from '../der/tags.ts'
import type { Instant } from '../der/time.ts'
import { readAllPem } from '../pem.ts'
import type { Certificate } from './certificate.ts'
import { type Extension, readExtension, readExtensions } from './extensions.ts'
import { readName } from './name.ts'
import { isSignedBy, readSignatureAlgorithm, type SignatureAlgorithm } from './signature.ts'

/** CRLReason by its number (RFC 5280 §5.3.1); 7 is not used. */
const REASONS = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  undefined,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
] as const

export type RevocationReason = NonNullable<(typeof REASONS)[number]>

export interface Revocation {
  readonly at: Instant
  /** `unspecified` where the entry gives none. */
  readonly reason: RevocationReason
}

/** A list of revoked certificates. Its signature is read, not verified. */
export interface Crl {
  readonly raw: Buffer
  /** What is signed. */
  readonly rawBody: Buffer
  readonly rawIssuer: Buffer
  readonly thisUpdate: Instant
  /** Undefined where the list does not say when it ends, which RFC 5280 §5.1.2.5 forbids. */
  readonly nextUpdate: Instant | undefined
  /** By serial number. */
  readonly revoked: ReadonlyMap<bigint, Revocation>
  /** The CRL number; undefined where it has none. */
  readonly number: bigint | undefined
  readonly authorityKeyId: Buffer | undefined
  /** Identifiers of critical extensions, of the list or of an entry, that are not understood: the list must not be used (RFC 5280 §5.2). */
  readonly unhandled: readonly string[]
  /** Undefined for an algorithm that is not known. */
  readonly signatureAlgorithm: SignatureAlgorithm | undefined
  readonly signature: Buffer
}

const CRL_NUMBER = '2.5.29.20'
const REASON_CODE = '2.5.29.21'
const INVALIDITY_DATE = '2.5.29.24'
const AUTHORITY_KEY_ID = '2.5.29.35'
/** Those of vendors of hardware have some hundreds. */
const MAX_REVOKED = 1_000_000
const CRL_SIGN = 1 << 6

/** Lists in PEM, or one in DER. @throws ThymusError FORMAT, also where there is none */
export function readCrls(bytes: Buffer): readonly Crl[] {
  const blocks = bytes[0] === TAG.sequence ? [] : readAllPem(bytes.toString('latin1')).filter(({ label }) => label === 'X509 CRL')
  return blocks.length === 0 ? [readCrl(bytes)] : blocks.map((block) => readCrl(block.bytes))
}

/** One list, and nothing behind it. @throws ThymusError FORMAT */
export function readCrl(der: Buffer): Crl {
  const whole = new DerReader(der)
  const raw = whole.whole(TAG.sequence)
  whole.finish()
  const outer = new DerReader(raw).enter(TAG.sequence)
  const rawBody = outer.whole(TAG.sequence)
  const body = new DerReader(rawBody).enter(TAG.sequence)
  const version = 1 + (body.optional(TAG.integer, (each) => each.count(1)) ?? 0)
  const algorithm = body.whole(TAG.sequence)
  if (!outer.whole(TAG.sequence).equals(algorithm)) outer.fail('the signature algorithm is not the one that is signed')
  const signatureAlgorithm = readSignatureAlgorithm(new DerReader(algorithm).enter(TAG.sequence))
  const rawIssuer = body.whole(TAG.sequence)
  readName(new DerReader(rawIssuer))
  const thisUpdate = body.time()
  const nextUpdate = body.tag === TAG.utcTime || body.tag === TAG.generalizedTime ? body.time() : undefined
  const unhandled = new Set<string>()
  const revoked = body.optional(TAG.sequence, (each) => readRevoked(each.enter(TAG.sequence), unhandled)) ?? new Map()
  const extensions = body.optional(contextConstructed(0), (each) => readList(each.enter(contextConstructed(0)))) ?? []
  body.finish()
  if (version === 1 && extensions.length > 0) body.fail('a list of version 1 has extensions')
  const numbered = extensions.find(({ id }) => id === CRL_NUMBER)
  const number = numbered && readValue(numbered, (each) => each.integer())
  const { authorityKeyId } = readExtensions(extensions.filter(({ id }) => id === AUTHORITY_KEY_ID))
  for (const { id, critical } of extensions) if (critical && id !== CRL_NUMBER) unhandled.add(id)
  const signature = rightAligned(outer.bits())
  outer.finish()
  return {
    ...{ raw, rawBody, rawIssuer, thisUpdate, nextUpdate, revoked, number, authorityKeyId },
    ...{ unhandled: [...unhandled], signatureAlgorithm, signature },
  }
}

/**
 * Whether the list is one that `issuer` signed and that stands for all its certificates: same name, key usage that allows it (RFC 5280 §6.3.3
 * (f)), nothing critical that is not understood. Whether the issuer itself is to be trusted is not asked here.
 */
export function isListOf(issuer: Certificate, crl: Crl): boolean {
  const { keyUsage } = issuer.extended
  if (!issuer.rawSubject.equals(crl.rawIssuer) || crl.unhandled.length > 0) return false
  if (keyUsage !== undefined && (keyUsage & CRL_SIGN) === 0) return false
  return isSignedBy(issuer.publicKey, crl.signatureAlgorithm, crl.rawBody, crl.signature)
}

/** Whether the list speaks of this time (milliseconds since 1970): one that does not say when it ends never does. */
export function isCurrent({ thisUpdate, nextUpdate }: Crl, now: number): boolean {
  return nextUpdate !== undefined && thisUpdate.milliseconds <= now && now <= nextUpdate.milliseconds
}

/** The newest of those that `issuer` signed. */
export function newestListOf(issuer: Certificate, crls: readonly Crl[]): Crl | undefined {
  const age = ({ thisUpdate }: Crl) => thisUpdate.milliseconds
  return crls
    .filter((crl) => isListOf(issuer, crl))
    .reduce<Crl | undefined>((newest, crl) => (newest && age(newest) >= age(crl) ? newest : crl), undefined)
}

/** Whether a certificate is not revoked by its issuer's list. One that is stays so, however old the list is. @param of whose list it is, in words */
export function revocationIn(list: Crl | undefined, { serial }: Certificate, now: number, of: string): Verdict {
  if (list === undefined) return unknown('CRL_ABSENT', `there is no list of ${of}`)
  if (list.revoked.has(serial)) return FAIL
  return isCurrent(list, now) ? PASS : unknown('CRL_NOT_CURRENT', `the newest list of ${of} does not speak of this time`)
}

function readRevoked(reader: DerReader, unhandled: Set<string>): ReadonlyMap<bigint, Revocation> {
  const revoked = new Map<bigint, Revocation>()
  while (!reader.done) {
    const entry = reader.enter(TAG.sequence)
    const serial = entry.integer()
    const at = entry.time()
    const extensions = entry.done ? [] : readList(entry)
    entry.finish()
    let reason: RevocationReason = 'unspecified'
    for (const extension of extensions) {
      if (extension.id === REASON_CODE) reason = readValue(extension, readReason)
      else if (extension.critical && extension.id !== INVALIDITY_DATE) unhandled.add(extension.id)
    }
    revoked.set(serial, { at, reason })
    if (revoked.size > MAX_REVOKED) reader.fail(`more than ${MAX_REVOKED} certificates are revoked`)
  }
  return revoked
}

function readList(reader: DerReader): readonly Extension[] {
  const extensions = [...reader.enter(TAG.sequence).each((all) => readExtension(all.enter(TAG.sequence)))]
  reader.finish()
  if (new Set(extensions.map(({ id }) => id)).size < extensions.length) reader.fail('an extension stands twice')
  return extensions
}

const readReason = (reader: DerReader): RevocationReason =>
  REASONS[reader.count(REASONS.length - 1, TAG.enumerated)] ?? reader.fail('a reason that is none')

/** What `read` makes of an extension's value, to its end. */
function readValue<T>({ value }: Extension, read: (reader: DerReader) => T): T {
  const reader = new DerReader(value)
  const result = read(reader)
  reader.finish()
  return result
}
