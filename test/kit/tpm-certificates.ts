// Certificates around a TPM, made to measure: of its endorsement key, and of the platform that it is in.
import { createPublicKey, sign } from 'node:crypto'
import {
  certificate,
  commonName,
  der,
  extension,
  integer,
  isCa,
  newPair,
  oid,
  type Pair,
  type Request,
  sequence,
  text,
  usages,
} from './certificates.ts'
import type { TpmKey } from './tpm-evidence.ts'

export interface Authority {
  readonly subject: string | Buffer
  readonly key: Pair
  readonly der: Buffer
}

export const EK_USAGE = '2.23.133.8.1'
const UTF8 = 0x0c
const NAMES = { manufacturer: '2.23.133.2.1', model: '2.23.133.2.2', version: '2.23.133.2.3' } as const

export function newAuthority(subject: string | Buffer, issuer?: Authority, request: Partial<Request> = {}): Authority {
  const key = newPair()
  return { subject, key, der: certificate({ subject, key, extensions: [isCa()], ...(issuer && { issuer }), ...request }) }
}

const attribute = (type: string, value: string, tag = UTF8) => sequence(oid(type), text(tag, value))

/** The names of a TPM as the EK profile has them: critical, each in a set of its own. */
export const tpmNames = (
  names: Partial<Record<keyof typeof NAMES, string>> = { manufacturer: 'id:54455354', model: 'model', version: 'id:00010002' },
) => alternativeNames(...Object.entries(names).map(([name, value]) => der(0x31, attribute(NAMES[name as keyof typeof NAMES], value))))

/** A directory name of these sets, critical. */
export const alternativeNames = (...sets: readonly Buffer[]) => extension('2.5.29.17', sequence(der(0xa4, sequence(...sets))), true)

export function ekCertificate(ek: TpmKey, issuer: Authority, request: Partial<Request> = {}): Buffer {
  const key = { publicKey: createPublicKey(ek.privateKey), privateKey: ek.privateKey }
  return certificate({ subject: 'EK', key, issuer, extensions: [tpmNames(), usages(EK_USAGE)], ...request })
}

export interface PlatformRequest {
  /** Issuer and serial number of a certificate; or the fields of a holder as they stand. */
  readonly holder: { readonly issuer: string | Buffer; readonly serial: number } | Buffer
  readonly attributes?: readonly Buffer[]
  readonly extensions?: readonly Buffer[]
  /** GeneralizedTime. */
  readonly to?: string
  /** Whom it names as its issuer; who signs it, if nobody else. */
  readonly issuer?: string
}

/** An attribute of one value. */
export const platformAttribute = (id: string, value: Buffer) => sequence(oid(id), der(0x31, value))
export const utf8 = (value: string) => text(UTF8, value)

/** An attribute certificate (RFC 5755) of 2020 to 2030 or `to`. */
export function attributeCertificate(request: PlatformRequest, issuer: Authority): Buffer {
  const { holder, attributes = [], extensions = [], to = '20300101000000Z' } = request
  const algorithm = sequence(oid('1.2.840.10045.4.3.2'))
  const nameOf = (subject: string | Buffer) => sequence(der(0xa4, commonName(subject)))
  const body = sequence(
    ...[
      integer(1),
      sequence(Buffer.isBuffer(holder) ? holder : der(0xa0, nameOf(holder.issuer), integer(holder.serial))),
      der(0xa0, nameOf(request.issuer ?? issuer.subject)),
      algorithm,
    ],
    ...[integer(7), sequence(text(0x18, '20200101000000Z'), text(0x18, to)), sequence(...attributes)],
    ...(extensions.length > 0 ? [sequence(...extensions)] : []),
  )
  return sequence(body, algorithm, der(0x03, Buffer.from([0]), sign('sha256', body, issuer.key.privateKey)))
}
