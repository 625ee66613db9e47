// Certificates made to measure, good and bad, with DER written by hand and signatures of node:crypto.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export const newPair = (): Pair => generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** One element with its head. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const size = content.length.toString(16)
  const long = Buffer.from(size.padStart(size.length + (size.length % 2), '0'), 'hex')
  const length = content.length < 0x80 ? [content.length] : [0x80 | long.length, ...long]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}

export const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts)
export const integer = (value: number) => der(0x02, Buffer.from([value]))
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

export const commonName = (name: string) => sequence(der(0x31, sequence(oid('2.5.4.3'), text(0x0c, name))))

export interface Request {
  readonly subject: string
  readonly key: Pair
  /** Who signs; itself if nobody. */
  readonly issuer?: { readonly subject: string; readonly key: Pair }
  readonly extensions?: readonly Buffer[]
  /** UTCTime. */
  readonly from?: string
  readonly to?: string
  readonly hash?: 'sha1' | 'sha256'
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
  const algorithm = sequence(oid(hash === 'sha1' ? '1.2.840.10045.4.1' : '1.2.840.10045.4.3.2'))
  const body = sequence(
    der(0xa0, integer(version)),
    serial ?? integer(1),
    algorithm,
    commonName(issuer.subject),
    sequence(text(0x17, from ?? '200101000000Z'), text(0x17, to ?? '300101000000Z')),
    commonName(subject),
    key.publicKey.export({ format: 'der', type: 'spki' }),
    ...(extensions.length > 0 ? [der(0xa3, sequence(...extensions))] : []),
  )
  return sequence(body, algorithm, bits(sign(hash, body, issuer.key.privateKey)))
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
