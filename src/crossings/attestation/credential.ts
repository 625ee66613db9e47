// The enrolment of an attestation key by a credential (TPM 2.0 part 1, 24): a secret that only the TPM of an endorsement key gives out, and only while
// the attestation key is in it. The verifier challenges, the node answers, the verifier enrols. docs/schemas has the three documents.
import { hash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { ThymusError } from '../../core/errors.ts'
import type { Check } from '../../core/verdict.ts'
import { decodeBase64 } from '../../formats/base64.ts'
import { conform } from '../../formats/conform.ts'
import { API_VERSION } from '../../formats/doors/request.ts'
import { time, timeText } from '../../formats/doors/time.ts'
import type { Bundle, NamedEvidence } from '../../formats/evidence/bundle.ts'
import { type CredentialBlob, readCredentialFile, writeCredentialFile } from '../../layers/hardware/tpm/abi/credential.ts'
import { nameOf, type PublicArea } from '../../layers/hardware/tpm/abi/public-area.ts'
import { readAttestationKey } from '../../layers/hardware/tpm/verify/attestation-key.ts'
import { makeCredential, verifyActivation } from '../../layers/hardware/tpm/verify/credential.ts'
import type { Authorities } from '../../layers/hardware/tpm/verify/endorsement.ts'
import { missingAttributes } from '../../layers/hardware/tpm/verify/quote.ts'
import { type EnrolledKey, endorsementSchema, isSameTpm, keyName, node, type Reference } from './reference.ts'
import { appraiseEk } from './technologies/endorsement.ts'
import { bytesOf } from './technologies/tpm.ts'

/** A digest of the hash that most endorsement keys have: the longest that they take. */
const SECRET_BYTES = 32

const digest = z.string().regex(/^[0-9a-f]{64}$/)
const base64 = z.string()
const head = <Kind extends string>(kind: Kind) => ({
  apiVersion: z.literal(API_VERSION).describe('The form of the document.'),
  kind: z.literal(kind).describe('What it is.'),
})

export const challengeSchema = z
  .strictObject({
    ...head('CredentialChallenge'),
    about: node.describe('The node that is asked.'),
    key: keyName.describe('Name of its attestation key, in hexadecimal (TPM 2.0 part 1, 16).'),
    endorsement: endorsementSchema.pick({ kind: true, key: true }).describe('The key that the credential is encrypted to.'),
    credential: base64.describe('The credential in base64, as a file of `tpm2_makecredential`.'),
    expires: time.describe('When it is of no use any more.'),
  })
  .meta({ description: 'What a verifier asks a node whose attestation key is to be enrolled.' })

export const pendingSchema = z
  .strictObject({
    ...head('PendingCredential'),
    about: node.describe('The node that is asked.'),
    key: keyName.describe('Name of its attestation key.'),
    endorsement: endorsementSchema.describe('The endorsement key, whose certificate was verified.'),
    credential: digest.describe('SHA-256 of the credential.'),
    secret: digest.describe('SHA-256 of the secret in it.'),
    expires: time.describe('When an answer is not taken any more.'),
  })
  .meta({ description: 'What a verifier remembers of a challenge until it is answered.' })

export const answerSchema = z
  .strictObject({
    ...head('CredentialAnswer'),
    credential: digest.describe('SHA-256 of the credential that was opened.'),
    secret: base64.describe('What was in it, in base64.'),
  })
  .meta({ description: 'What a node answers to a challenge.' })

export type Pending = z.output<typeof pendingSchema>

/** As a node needs it. */
export interface Challenge {
  readonly about: string
  readonly key: Buffer
  readonly endorsement: { readonly kind: Pending['endorsement']['kind']; readonly name: Buffer }
  readonly credential: CredentialBlob
  /** Milliseconds since 1970. */
  readonly expires: number
  /** SHA-256 of the credential, in hexadecimal. */
  readonly digest: string
}

interface EndorsedArea {
  readonly area: PublicArea
  readonly endorsement: Pending['endorsement']
}

export interface Issued {
  readonly challenge: z.input<typeof challengeSchema>
  readonly pending: Pending
}

/**
 * Challenges the TPM of a bundle. The endorsement key is the first of those presented for which every check passes.
 * @param asked.now, asked.validFor in milliseconds
 * @throws ThymusError CREDENTIAL, at the evidence that is not what it must be
 */
export function challenge(
  { about, evidence }: Bundle,
  { now, validFor, authorities }: { readonly now: number; readonly validFor: number; readonly authorities: Authorities },
): Issued {
  const area = attestationArea(evidence)
  const { area: ek, endorsement } = endorsementIn(evidence, authorities, now)
  const secret = randomBytes(SECRET_BYTES)
  const file = writeCredentialFile(makeCredential(ek, nameOf(area)!, secret))
  const common = { apiVersion: API_VERSION, about, key: nameOf(area)!.toString('hex'), expires: timeText(now + validFor) } as const
  const { kind, key } = endorsement
  return {
    challenge: { ...common, kind: 'CredentialChallenge', endorsement: { kind, key }, credential: file.toString('base64') },
    pending: { ...common, kind: 'PendingCredential', endorsement, credential: hash('sha256', file), secret: hash('sha256', secret) },
  }
}

/** @throws ThymusError CREDENTIAL, which names the field */
export function readChallenge(document: unknown): Challenge {
  const { about, key, endorsement, credential, expires } = conform(challengeSchema, document, 'CREDENTIAL')
  const file = bytesIn(credential, 'credential')
  try {
    return {
      ...{ about, key: Buffer.from(key, 'hex'), credential: readCredentialFile(file), expires: Date.parse(expires) },
      endorsement: { kind: endorsement.kind, name: Buffer.from(endorsement.key, 'hex') },
      digest: hash('sha256', file),
    }
  } catch (cause) {
    throw new ThymusError('CREDENTIAL', (cause as Error).message, { at: 'credential', cause })
  }
}

/**
 * What is asked, and may be answered yet.
 * @param now milliseconds since 1970
 * @throws ThymusError CREDENTIAL, which names the field
 */
export function readPending(document: unknown, now: number): Pending {
  const pending = conform(pendingSchema, document, 'CREDENTIAL')
  const { expires } = pending
  if (now >= Date.parse(expires)) throw new ThymusError('CREDENTIAL', `the challenge ended ${expires}`, { at: 'expires' })
  return pending
}

/** The document of an answer. @param secret what was in the credential */
export const answer = ({ digest: credential }: Challenge, secret: Uint8Array): z.input<typeof answerSchema> => ({
  ...{ apiVersion: API_VERSION, kind: 'CredentialAnswer', credential },
  secret: Buffer.from(secret).toString('base64'),
})

/**
 * The key that an answer has shown to be in the TPM.
 * @param document of the answer, by whoever presents it @param pending that may be answered yet @param now milliseconds since 1970
 * @throws ThymusError CREDENTIAL, which names the field
 */
export function verifiedAnswer(document: unknown, pending: Pending, now: number): EnrolledKey {
  const { credential, secret } = conform(answerSchema, document, 'CREDENTIAL')
  if (credential !== pending.credential) throw new ThymusError('CREDENTIAL', 'it answers another challenge', { at: 'credential' })
  const found = Buffer.from(hash('sha256', bytesIn(secret, 'secret')), 'hex')
  if (verifyActivation(Buffer.from(pending.secret, 'hex'), found).verdict.is !== 'pass')
    throw new ThymusError('CREDENTIAL', 'it is not what was in the credential', { at: 'secret' })
  const { key: name, about, endorsement } = pending
  return { by: 'credential', name, about, at: timeText(now), endorsement }
}

/**
 * A reference with one more key. What was said by hand of the same key and node is replaced by it.
 * @param replace strikes what contradicts it: another key of the node, another node with the key or the TPM
 * @throws ThymusError CREDENTIAL, at the key that contradicts it
 */
export function enrolledIn(reference: Reference, key: EnrolledKey, { replace = false } = {}): Reference {
  const { keys = [] } = reference.tpm ?? {}
  const isOwn = ({ name, about }: EnrolledKey) => name === key.name && about === key.about
  const contradicts = (each: EnrolledKey) => !isOwn(each) && (each.about === key.about || isSameTpm(each, key))
  const other = replace ? -1 : keys.findIndex(contradicts)
  if (other >= 0) {
    const { about } = keys[other]!
    const why = about === key.about ? `${about} is enrolled by another key` : `the TPM of ${key.about} is enrolled as ${about}`
    throw new ThymusError('CREDENTIAL', `${why}: --replace strikes that`, { at: `tpm.keys[${other}]` })
  }
  return { ...reference, tpm: { ...reference.tpm, keys: [...keys.filter((each) => !isOwn(each) && !contradicts(each)), key] } }
}

/** The attestation key that signed the quote, as the TPM says it is. The credential opens only where it is so. */
function attestationArea(evidence: readonly NamedEvidence[]): PublicArea {
  const quote = evidence.find(({ type }) => type === 'tpm-quote') ?? missing('tpm-quote')
  const wrong = (text: string) => new ThymusError('CREDENTIAL', `the attestation key ${text}`, { at: `${quote.name}.key` })
  const read = attempt(() => readAttestationKey(bytesOf(quote, 'key')))
  if (typeof read === 'string') throw wrong(`is none: ${read}`)
  const { area } = read
  if (area === undefined) throw wrong('came without its public area')
  const lacks = missingAttributes(area)
  if (lacks.length > 0) throw wrong(`lacks ${lacks.join(', ')}`)
  if (!keyName.safeParse(nameOf(area)?.toString('hex')).success) throw wrong('is named by a hash that is too weak, or not known')
  return area
}

function endorsementIn(evidence: readonly NamedEvidence[], authorities: Authorities, now: number): EndorsedArea {
  const presented = evidence.filter(({ type }) => type === 'tpm-endorsement')
  if (presented.length === 0) missing('tpm-endorsement')
  const faults: string[] = []
  for (const each of presented) {
    const found = attempt(() => appraiseEk(each, authorities, now))
    const wrong = typeof found === 'string' ? [found] : found.checks.flatMap(faultOf)
    if (typeof found !== 'string' && wrong.length === 0 && found.endorsement !== undefined)
      return { area: found.area, endorsement: found.endorsement }
    faults.push(...wrong.map((fault) => `${each.name}: ${fault}`))
  }
  throw new ThymusError('CREDENTIAL', `nobody vouches for its TPM\n${faults.join('\n')}`, { at: presented[0]!.name })
}

const faultOf = ({ code, title, verdict, got }: Check): readonly string[] =>
  verdict.is === 'pass' ? [] : [`${code}: not so: ${title}${got === undefined ? '' : ` (${got})`}`]

/** What was read, or why it cannot be, in words. */
function attempt<T extends object>(read: () => T): T | string {
  try {
    return read()
  } catch (error) {
    if (error instanceof ThymusError && (error.code === 'FORMAT' || error.code === 'EVIDENCE'))
      return `${error.at ?? '?'}: ${error.message}`
    throw error
  }
}

function missing(type: string): never {
  throw new ThymusError('CREDENTIAL', `there is no evidence of type ${type}: thymus attest collect --endorsement`, { at: 'evidence' })
}

function bytesIn(text: string, at: string): Buffer {
  const bytes = decodeBase64(text, { padded: true })
  if (bytes === undefined) throw new ThymusError('CREDENTIAL', 'no base64', { at })
  return bytes
}
