// Signed envelopes: DSSE, the Dead Simple Signing Envelope 1.0.2 (protocol.md, envelope.md). A signature is over the payload *and* its type.
import { constants, verify } from 'node:crypto'
import { ThymusError } from '../core/errors.ts'
import { decodeBase64 } from './base64.ts'
import { keyObject, type SubjectPublicKey } from './x509/public-key.ts'
import { bitLength, isSoundRsa } from './x509/rsa.ts'

export interface Envelope {
  readonly payloadType: string
  readonly payload: Buffer
  readonly signatures: readonly EnvelopeSignature[]
}

export interface EnvelopeSignature {
  /** A hint that nothing protects; empty where there is none. */
  readonly keyId: string
  /** Undefined where what stands there is no base64: then nobody signed. */
  readonly bytes: Buffer | undefined
}

const MAX_TEXT = 256 << 20
const MAX_SIGNATURES = 100

/** Reads an envelope; its signatures are not verified. @throws ThymusError FORMAT with the field */
export function readEnvelope(text: string): Envelope {
  if (text.length > MAX_TEXT) fail('envelope', `${text.length} characters, where ${MAX_TEXT} are the most`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new ThymusError('FORMAT', 'the envelope is no JSON', { at: 'envelope', cause })
  }
  const { payload, payloadType, signatures } = record(value, 'envelope')
  if (typeof payloadType !== 'string' || payloadType === '') fail('payloadType', 'no text')
  if (typeof payload !== 'string') fail('payload', 'no text')
  if (!Array.isArray(signatures) || signatures.length > MAX_SIGNATURES) fail('signatures', `no list of at most ${MAX_SIGNATURES}`)
  return {
    payloadType,
    payload: base64(payload) ?? fail('payload', 'no base64'),
    signatures: signatures.map((each, index) => {
      const { sig, keyid } = record(each, `signatures[${index}]`)
      if (typeof sig !== 'string') fail(`signatures[${index}].sig`, 'no text')
      return { keyId: typeof keyid === 'string' ? keyid : '', bytes: base64(sig) }
    }),
  }
}

/** Which of the keys signed the payload under its type. What they signed is `payload`, and nothing that is read anew from the text. */
export function signersOf(envelope: Envelope, keys: readonly SubjectPublicKey[]): readonly SubjectPublicKey[] {
  const signed = preAuthentication(envelope)
  return keys.filter((key) => envelope.signatures.some(({ bytes }) => bytes !== undefined && isSigned(key, signed, bytes)))
}

/** PAE: what is signed. Lengths are of bytes. */
export function preAuthentication({ payloadType, payload }: Pick<Envelope, 'payloadType' | 'payload'>): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `), payload])
}

const CURVE_HASH = { 'P-224': 'sha256', 'P-256': 'sha256', 'P-384': 'sha384', 'P-521': 'sha512' } as const

/** The envelope does not say the algorithm, so the key does: Ed25519; ECDSA with the hash of its curve or SHA-256, in DER or plain; RSA with SHA-256. */
function isSigned(subject: SubjectPublicKey, data: Buffer, signature: Buffer): boolean {
  const { key } = subject
  const object = keyObject(subject)
  if (object === undefined) return false
  try {
    if (key.kind === 'ed25519') return verify(null, data, object, signature)
    if (key.kind === 'ec') {
      const forms = signature.length === 2 * key.curve.bytes ? (['der', 'ieee-p1363'] as const) : (['der'] as const)
      const hashes = [...new Set([CURVE_HASH[key.curve.name], 'sha256'])]
      return hashes.some((hash) => forms.some((dsaEncoding) => verify(hash, data, { key: object, dsaEncoding }, signature)))
    }
    if (key.kind !== 'rsa' || !isSoundRsa({ bits: bitLength(key.modulus), e: key.exponent })) return false
    const pss = { key: object, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
    return verify('sha256', data, pss, signature) || verify('sha256', data, object, signature)
  } catch {
    // OpenSSL fails, rather than denies, on a signature that is none.
    return false
  }
}

/** Standard or URL-safe (envelope.md). */
const base64 = (text: string) => decodeBase64(text, { padded: true }) ?? decodeBase64(text, { url: true, padded: true })

function record(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(at, 'no object')
  return value as Readonly<Record<string, unknown>>
}

function fail(at: string, message: string): never {
  throw new ThymusError('FORMAT', message, { at })
}
