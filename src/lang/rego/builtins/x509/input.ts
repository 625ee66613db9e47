// What a policy hands over as certificates and keys: PEM, base64 of PEM, or base64 of DER.
import { ThymusError } from '../../../../core/errors.ts'
import { decodeBase64 } from '../../../../formats/base64.ts'
import { type PemBlock, readAllPem } from '../../../../formats/pem.ts'
import { type Certificate, readCertificate, readCertificates } from '../../../../formats/x509/certificate.ts'
import { type PrivateKey, readEcPrivateKey, readPkcs8PrivateKey, readRsaPrivateKey } from '../../../../formats/x509/private-key.ts'
import { type CertificateRequest, readCertificateRequest } from '../../../../formats/x509/request.ts'
import { BuiltinError } from '../../errors.ts'
import { toBytes } from '../bytes.ts'

const BEGIN = '-----BEGIN'

/** One character is one byte. */
const bytesOf = (text: string) => toBytes(text).toString('latin1')

/** What the formats refuse is an operand that the builtin does not take. */
export function reading<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof ThymusError) throw new BuiltinError(error.at === undefined ? error.message : `${error.message} (${error.at})`)
    throw error
  }
}

export function certificatesOf(text: string): readonly Certificate[] {
  const given = pemOrDer(bytesOf(text))
  if (typeof given !== 'string') return reading(() => readCertificates(given))
  const blocks = readAllPem(given)
  const other = blocks.find(({ label }) => label !== 'CERTIFICATE')
  if (other !== undefined) throw new BuiltinError(`PEM block type is '${other.label}', expected CERTIFICATE`)
  return reading(() => readCertificates(Buffer.concat(blocks.map(({ bytes }) => bytes))))
}

export function certificateRequestOf(text: string): CertificateRequest {
  const bytes = bytesOf(text)
  const given = bytes.startsWith(`${BEGIN} CERTIFICATE REQUEST-----`) ? bytes : base64(bytes).toString('latin1')
  const [block] = readAllPem(given)
  if (block !== undefined && block.label !== 'CERTIFICATE REQUEST')
    throw new BuiltinError('invalid PEM-encoded certificate signing request')
  return reading(() => readCertificateRequest(block?.bytes ?? Buffer.from(given, 'latin1')))
}

/** The private keys among the PEM blocks; other blocks are passed over. Strictly, what does not begin like PEM must be base64. */
export function privateKeysOf(text: string, { strict = false } = {}): readonly PrivateKey[] {
  const bytes = bytesOf(text)
  if (strict && (bytes === '' || !(bytes.startsWith(BEGIN) || decodeBase64(bytes, { padded: true }))))
    throw new BuiltinError('no PEM, and no base64')
  const given = decodeBase64(bytes, { padded: true })?.toString('latin1') ?? bytes
  return reading(() => readAllPem(given).flatMap((block) => KEY_READERS[block.label]?.(block.bytes) ?? []))
}

const KEY_READERS: Readonly<Record<string, (der: Buffer) => PrivateKey>> = {
  'RSA PRIVATE KEY': readRsaPrivateKey,
  'EC PRIVATE KEY': (der) => readEcPrivateKey(der),
  'PRIVATE KEY': readPkcs8PrivateKey,
}

export interface KeyPair {
  /** The DER of all certificates, of which only the first is read. */
  readonly certificates: readonly Buffer[]
  readonly leaf: Certificate
  readonly key: PrivateKey
}

/** A certificate and its key. @throws BuiltinError where they do not belong together */
export function keyPairOf(certificates: string, key: string): KeyPair {
  const blocks = blocksOf(certificates, 'CERTIFICATE').filter(({ label }) => label === 'CERTIFICATE')
  const keyBlock = blocksOf(key, 'PRIVATE KEY').find(({ label }) => label === 'PRIVATE KEY' || label.endsWith(' PRIVATE KEY'))
  const [first] = blocks
  if (first === undefined || keyBlock === undefined) throw new BuiltinError('no certificate, or no private key')
  const leaf = reading(() => readCertificate(first.bytes))
  const read = anyPrivateKey(keyBlock.bytes)
  if (!belongTogether(leaf, read)) throw new BuiltinError('private key does not match public key')
  return { certificates: blocks.map(({ bytes }) => bytes), leaf, key: read }
}

function blocksOf(text: string, label: string): readonly PemBlock[] {
  const bytes = bytesOf(text)
  const given = bytes.startsWith(`${BEGIN} `) ? bytes : pemOrDer(base64(bytes).toString('latin1'), false)
  return typeof given === 'string' ? readAllPem(given) : [{ label, bytes: given, end: 0 }]
}

/** PEM as text, DER as bytes. */
function pemOrDer(bytes: string, encoded = true): string | Buffer {
  if (bytes.startsWith(BEGIN)) return bytes
  if (!encoded) return Buffer.from(bytes, 'latin1')
  return pemOrDer(base64(bytes).toString('latin1'), false)
}

function base64(text: string): Buffer {
  const bytes = decodeBase64(text, { padded: true })
  if (bytes === undefined) throw new BuiltinError('illegal base64 data')
  return bytes
}

/** The label of a block does not say for sure what is in it. */
function anyPrivateKey(der: Buffer): PrivateKey {
  for (const read of [readRsaPrivateKey, readPkcs8PrivateKey, readEcPrivateKey] as const) {
    try {
      return read(der)
    } catch (error) {
      if (!(error instanceof ThymusError)) throw error
    }
  }
  throw new BuiltinError('failed to parse private key')
}

function belongTogether({ publicKey: { key: open } }: Certificate, key: PrivateKey): boolean {
  if (open.kind === 'rsa') return key.kind === 'rsa' && open.modulus === key.n && open.exponent === key.e
  if (open.kind === 'ec') return key.kind === 'ec' && open.curve === key.curve && open.x === key.x && open.y === key.y
  return open.kind === 'ed25519' && key.kind === 'ed25519' && open.bytes.equals(key.public)
}
