// Certificates made to measure, good and bad, with DER written by hand and signatures of node:crypto.
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export const newPair = (namedCurve: 'P-256' | 'P-384' = 'P-256'): Pair => generateKeyPairSync('ec', { namedCurve })
/** Signs with RSA-PSS. */
export const newRsaPair = (): Pair => generateKeyPairSync('rsa', { modulusLength: 2048 })

/** One element with its head. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const size = content.length.toString(16)
  const long = Buffer.from(size.padStart(size.length + (size.length % 2), '0'), 'hex')
  const length = content.length < 0x80 ? [content.length] : [0x80 | long.length, ...long]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}

export const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts)
/** @param value a byte */
export const integer = (value: number) => der(0x02, Buffer.from(value < 0x80 ? [value] : [0, value]))
export const text = (tag: number, value: string) => der(tag, Buffer.from(value))

export function oid(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(Number) as [number, number, ...number[]]
  const bytes = [40 * first + second, ...rest].flatMap((part) => {
    const groups = [part & 0x7f]
    for (let left = part >>> 7; left > 0; left >>>= 7) groups.unshift(0x80 | (left & 0x7f))
    return groups
  })
  return der(0x06, Buffer.from(bytes))
}

export const extension = (id: string, value: Buffer, critical = false) =>
  sequence(oid(id), ...(critical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value))

export const isCa = (maxPathLength?: number) =>
  extension('2.5.29.19', sequence(der(0x01, Buffer.from([0xff])), ...(maxPathLength === undefined ? [] : [integer(maxPathLength)])), true)
export const dnsNames = (...names: readonly string[]) => extension('2.5.29.17', sequence(...names.map((name) => text(0x82, name))))
export const usages = (...oids: readonly string[]) => extension('2.5.29.37', sequence(...oids.map(oid)))
export const policies = (...oids: readonly string[]) => extension('2.5.29.32', sequence(...oids.map((each) => sequence(oid(each)))))

/** A name of one common name. @param name or the DER of a whole name */
export const commonName = (name: string | Buffer) =>
  Buffer.isBuffer(name) ? name : sequence(der(0x31, sequence(oid('2.5.4.3'), text(0x0c, name))))

type Hash = 'sha1' | 'sha256' | 'sha384'

export interface Request {
  readonly subject: string | Buffer
  readonly key: Pair
  /** Who signs; itself if nobody. */
  readonly issuer?: { readonly subject: string | Buffer; readonly key: Pair }
  readonly extensions?: readonly Buffer[]
  /** UTCTime. */
  readonly from?: string
  readonly to?: string
  readonly hash?: Hash
  readonly serial?: Buffer
  readonly version?: number
}

/** The DER of a certificate. */
export function certificate({
  subject,
  key,
  issuer = { subject, key },
  extensions = [],
  from,
  to,
  hash = 'sha256',
  serial,
  version = 2,
}: Request): Buffer {
  return signed(issuer.key, hash, (algorithm) => [
    der(0xa0, integer(version)),
    serial ?? integer(1),
    algorithm,
    commonName(issuer.subject),
    sequence(text(0x17, from ?? '200101000000Z'), text(0x17, to ?? '300101000000Z')),
    commonName(subject),
    key.publicKey.export({ format: 'der', type: 'spki' }),
    ...(extensions.length > 0 ? [der(0xa3, sequence(...extensions))] : []),
  ])
}

export interface ListRequest {
  readonly issuer: { readonly subject: string | Buffer; readonly key: Pair }
  readonly revoked?: readonly { readonly serial: number | Buffer; readonly extensions?: readonly Buffer[] }[]
  readonly extensions?: readonly Buffer[]
  readonly from?: string
  /** Null for a list that does not say when it ends. */
  readonly to?: string | null
  readonly hash?: Hash
}

/** The DER of a certificate revocation list. */
export function revocationList({
  issuer,
  revoked = [],
  extensions = [],
  from,
  to = '300101000000Z',
  hash = 'sha256',
}: ListRequest): Buffer {
  const entries = revoked.map((each) => {
    const inside = each.extensions === undefined ? [] : [sequence(...each.extensions)]
    return sequence(Buffer.isBuffer(each.serial) ? each.serial : integer(each.serial), text(0x17, '240101000000Z'), ...inside)
  })
  return signed(issuer.key, hash, (algorithm) => [
    integer(1),
    algorithm,
    commonName(issuer.subject),
    text(0x17, from ?? '200101000000Z'),
    ...(to === null ? [] : [text(0x17, to)]),
    ...(entries.length > 0 ? [sequence(...entries)] : []),
    ...(extensions.length > 0 ? [der(0xa0, sequence(...extensions))] : []),
  ])
}

const ECDSA = { sha1: '1.2.840.10045.4.1', sha256: '1.2.840.10045.4.3.2', sha384: '1.2.840.10045.4.3.3' } as const
const SHA2 = { sha1: '1.3.14.3.2.26', sha256: '2.16.840.1.101.3.4.2.1', sha384: '2.16.840.1.101.3.4.2.2' } as const
const SIZE = { sha1: 20, sha256: 32, sha384: 48 } as const

/** The body that `parts` makes for an algorithm, and a signature of it: ECDSA, or RSA-PSS with a salt as long as the hash. */
function signed({ privateKey }: Pair, hash: Hash, parts: (algorithm: Buffer) => readonly Buffer[]): Buffer {
  const isRsa = privateKey.asymmetricKeyType === 'rsa'
  const digest = sequence(oid(SHA2[hash]))
  const mask = sequence(oid('1.2.840.113549.1.1.8'), digest)
  const pss = sequence(der(0xa0, digest), der(0xa1, mask), der(0xa2, integer(SIZE[hash])))
  const algorithm = isRsa ? sequence(oid('1.2.840.113549.1.1.10'), pss) : sequence(oid(ECDSA[hash]))
  const body = sequence(...parts(algorithm))
  const options = isRsa ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: SIZE[hash] } : {}
  return sequence(body, algorithm, bits(sign(hash, body, { key: privateKey, ...options })))
}

/** The DER of a request for a certificate. */
export function certificateRequest(subject: string, { publicKey, privateKey }: Pair, extensions: readonly Buffer[]): Buffer {
  const attribute = sequence(oid('1.2.840.113549.1.9.14'), der(0x31, sequence(...extensions)))
  const body = sequence(integer(0), commonName(subject), publicKey.export({ format: 'der', type: 'spki' }), der(0xa0, attribute))
  return sequence(body, sequence(oid('1.2.840.10045.4.3.2')), bits(sign('sha256', body, privateKey)))
}

export const pem = (label: string, bytes: Buffer) =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`

const bits = (bytes: Buffer) => der(0x03, Buffer.from([0]), bytes)
