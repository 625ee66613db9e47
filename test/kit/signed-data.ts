// Signed data made to measure, as signers of modules and of PE images make it.
import { createHash, sign } from 'node:crypto'
import { der, integer, oid, type Pair, sequence } from './certificates.ts'

const SHA256 = sequence(oid('2.16.840.1.101.3.4.2.1'))
const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'))
const RSA = sequence(oid('1.2.840.113549.1.1.1'), der(0x05))
const DATA = '1.2.840.113549.1.7.1'

export interface SignedDataRequest {
  readonly key: Pair
  /** `issuer`: the whole name of the certificate's issuer; its serial number is 1. */
  readonly by: { readonly issuer: Buffer } | { readonly keyId: Buffer }
  /** What is signed, without tag and length. */
  readonly content: Buffer
  readonly contentType?: string
  /** Of the content where it is held inside: 0x30 in Authenticode, 0x04 in CMS. It lies elsewhere if there is none. */
  readonly tag?: number
  /** Sign attributes, and the content through them. */
  readonly attributes?: boolean
  readonly certificates?: readonly Buffer[]
}

/** The DER of a ContentInfo with one signer. */
export function signedData({
  key,
  by,
  content,
  contentType = DATA,
  tag,
  attributes = false,
  certificates = [],
}: SignedDataRequest): Buffer {
  const inside = attributes
    ? Buffer.concat([
        sequence(oid('1.2.840.113549.1.9.3'), der(0x31, oid(contentType))),
        sequence(oid('1.2.840.113549.1.9.4'), der(0x31, der(0x04, createHash('sha256').update(content).digest()))),
      ])
    : undefined
  const signature = sign('sha256', inside === undefined ? content : der(0x31, inside), key.privateKey)
  const signer = sequence(
    integer('keyId' in by ? 3 : 1),
    'keyId' in by ? der(0x80, by.keyId) : sequence(by.issuer, integer(1)),
    SHA256,
    ...(inside === undefined ? [] : [der(0xa0, inside)]),
    key.publicKey.asymmetricKeyType === 'rsa' ? RSA : ECDSA_SHA256,
    der(0x04, signature),
  )
  const data = sequence(
    integer(1),
    der(0x31, SHA256),
    sequence(oid(contentType), ...(tag === undefined ? [] : [der(0xa0, der(tag, content))])),
    ...(certificates.length === 0 ? [] : [der(0xa0, ...certificates)]),
    der(0x31, signer),
  )
  return sequence(oid('1.2.840.113549.1.7.2'), der(0xa0, data))
}
