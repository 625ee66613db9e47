// Certificates that are issued (RFC 5280 §4): an authority of its own, and certificates for servers and clients below it. P-256 and SHA-256.
// Time and randomness are arguments; signing an ECDSA certificate twice makes two signatures.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { ThymusError } from '../../core/errors.ts'
import { quote } from '../../core/quote.ts'
import { DerReader } from '../der/reader.ts'
import { context, contextConstructed, TAG } from '../der/tags.ts'
import { bits, boolean, element, integer, namedBits, octets, oid, sequence, setOf, time, utf8 } from '../der/writer.ts'
import { readIp } from '../ip.ts'

export interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export const newKeyPair = (): KeyPair => generateKeyPairSync('ec', { namedCurve: 'P-256' })

export interface Subject {
  readonly commonName: string
  readonly organization?: string
}

interface Basis {
  readonly subject: Subject
  /** 16 random bytes. */
  readonly serial: Buffer
  /** Milliseconds since 1970; cut to the second. */
  readonly notBefore: number
  readonly notAfter: number
}

/** Who signs. */
export interface Authority extends KeyPair {
  readonly subject: Subject
}

export interface LeafRequest extends Basis {
  readonly publicKey: KeyObject
  readonly purpose: 'server' | 'client'
  /** Host names and IP addresses. */
  readonly names: readonly string[]
}

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'))
const PURPOSE = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const
const USAGE = { digitalSignature: 0, keyCertSign: 5, crlSign: 6 } as const

/** The DER of an authority that signs itself, and below which no other authority stands. */
export function issueAuthority(basis: Basis, keys: KeyPair): Buffer {
  return issue(basis, keys.publicKey, { ...keys, subject: basis.subject }, [
    extension('2.5.29.19', sequence(boolean(true), integer(0n)), true),
    extension('2.5.29.15', namedBits(USAGE.keyCertSign, USAGE.crlSign), true),
  ])
}

/** The DER of a certificate of a server or a client. @throws ThymusError FORMAT for a name that is neither a host name nor an address */
export function issueLeaf(request: LeafRequest, authority: Authority): Buffer {
  const { names, publicKey, purpose } = request
  return issue(request, publicKey, authority, [
    extension('2.5.29.19', sequence(), true),
    extension('2.5.29.15', namedBits(USAGE.digitalSignature), true),
    extension('2.5.29.37', sequence(oid(PURPOSE[purpose]))),
    ...(names.length === 0 ? [] : [extension('2.5.29.17', sequence(...names.map(generalName)))]),
  ])
}

function issue(
  { subject, serial, notBefore, notAfter }: Basis,
  key: KeyObject,
  authority: Authority,
  extensions: readonly Buffer[],
): Buffer {
  const spki = key.export({ format: 'der', type: 'spki' })
  const identifiers = [
    extension('2.5.29.14', octets(keyId(spki))),
    extension('2.5.29.35', sequence(element(context(0), keyId(authority.publicKey.export({ format: 'der', type: 'spki' }))))),
  ]
  const body = sequence(
    element(contextConstructed(0), integer(2n)),
    integer(positive(serial)),
    ECDSA_SHA256,
    name(authority.subject),
    sequence(time(notBefore), time(notAfter)),
    name(subject),
    spki,
    element(contextConstructed(3), sequence(...extensions, ...identifiers)),
  )
  return sequence(body, ECDSA_SHA256, bits(sign('sha256', body, authority.privateKey)))
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(value))
}

function name({ commonName, organization }: Subject): Buffer {
  const attribute = (type: string, value: string) => setOf(sequence(oid(type), utf8(value)))
  return sequence(...(organization === undefined ? [] : [attribute('2.5.4.10', organization)]), attribute('2.5.4.3', commonName))
}

function generalName(text: string): Buffer {
  const ip = readIp(text)
  if (ip !== undefined) return element(context(7), ip)
  if (!/^(\*\.)?([a-z\d]([-a-z\d]*[a-z\d])?\.)*[a-z\d]([-a-z\d]*[a-z\d])?$/i.test(text) || text.length > 253)
    throw new ThymusError('FORMAT', `${quote(text)} is neither a host name nor an IP address`)
  return element(context(2), Buffer.from(text))
}

/** RFC 7093 §2 (1): of the key's bits alone. */
function keyId(spki: Buffer): Buffer {
  const inside = new DerReader(spki).enter(TAG.sequence)
  inside.whole()
  return createHash('sha256').update(inside.bits().bytes).digest().subarray(0, 20)
}

/** Not zero, and at most 20 bytes long (RFC 5280 §4.1.2.2). */
function positive(serial: Buffer): bigint {
  return BigInt(`0x01${serial.subarray(0, 16).toString('hex')}`)
}
