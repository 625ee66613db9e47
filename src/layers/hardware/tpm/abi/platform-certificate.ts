// TCG Platform Certificate Profile 1.1: who made a platform, and around which TPM. Mostly an attribute certificate (RFC 5755), which has no key
// of its own, and sometimes a certificate of a key. Reading believes nothing.
import { ThymusError } from '../../../../core/errors.ts'
import { readHashAlgorithm } from '../../../../formats/cms/signed-data.ts'
import { DerReader, rightAligned } from '../../../../formats/der/reader.ts'
import { contextConstructed, TAG } from '../../../../formats/der/tags.ts'
import type { HashName } from '../../../../formats/hash.ts'
import { readAllPem } from '../../../../formats/pem.ts'
import type { Certificate } from '../../../../formats/x509/certificate.ts'
import { EXTENSION, type Extension, readExtension } from '../../../../formats/x509/extensions.ts'
import { type Attribute, readName } from '../../../../formats/x509/name.ts'
import { readSignatureAlgorithm, type SignatureAlgorithm } from '../../../../formats/x509/signature.ts'
import {
  type PlatformConfiguration,
  readCredentialSpecification,
  readPlatformConfiguration,
  readPlatformSpecification,
  readSecurityAssertions,
  readUri,
  type SecurityAssertions,
  type SpecificationVersion,
  text,
  type UriReference,
} from './platform-attributes.ts'
import { readVendorCertificate } from './vendor-certificate.ts'

export interface PlatformCertificate extends PlatformStatements {
  readonly raw: Buffer
  /** What is signed. */
  readonly rawBody: Buffer
  /** 2 for an attribute certificate of today, 3 for a certificate of a key. */
  readonly version: number
  readonly serial: bigint
  readonly rawIssuer: Buffer
  readonly issuer: readonly Attribute[]
  /** Undefined where it names nothing that could be held to a TPM, as in a certificate of a key. */
  readonly holder: Holder | undefined
  /** Milliseconds since 1970. */
  readonly notBefore: number
  readonly notAfter: number
  readonly signatureAlgorithm: SignatureAlgorithm | undefined
  readonly signature: Buffer
  /** Critical extensions that nothing here understands. */
  readonly unhandled: readonly string[]
  /** Where it is the certificate of a key: as such. */
  readonly certificate: Certificate | undefined
}

/** What it is about: the certificate of an endorsement key, by its issuer and serial number or by a digest. What is there counts, all of it. */
export interface Holder {
  readonly certificate?: { readonly rawIssuer: Buffer; readonly issuer: readonly Attribute[]; readonly serial: bigint }
  readonly digest?: HolderDigest
}

/** ObjectDigestInfo (RFC 5755 §7.3). */
export interface HolderDigest {
  readonly of: 'key' | 'certificate' | 'other'
  /** Undefined for one that is not known. */
  readonly hash: HashName | undefined
  readonly digest: Buffer
}

/** Attributes, from wherever the certificate has them. */
export interface PlatformStatements {
  readonly platform: PlatformName
  readonly specification?: SpecificationVersion
  readonly credentialSpecification?: SpecificationVersion
  /** Dotted: 2.23.133.8.2 a platform certificate, 2.23.133.8.5 a delta. */
  readonly credentialType?: string
  readonly assertions?: SecurityAssertions
  readonly configuration?: PlatformConfiguration
  readonly configurationUri?: UriReference
  readonly notice?: { readonly organization?: string; readonly text?: string }
  /** Attributes that are not read, dotted. */
  readonly others: readonly string[]
}

export interface PlatformName {
  readonly manufacturer?: string
  readonly model?: string
  readonly version?: string
  readonly serial?: string
}

const SUBJECT_DIRECTORY_ATTRIBUTES = '2.5.29.9'
/** Extensions of an attribute certificate that say nothing of the platform, or are read as names and attributes. */
const KNOWN_EXTENSIONS: ReadonlySet<string> = new Set([
  ...[EXTENSION.subjectAltName, EXTENSION.authorityInfoAccess, SUBJECT_DIRECTORY_ATTRIBUTES],
  ...['2.5.29.32', '2.5.29.35', '2.5.29.31'],
])
/** In the profile, and as early certificates have them; these have the serial number under a number that means something else. */
const NAMES: Readonly<Record<string, keyof PlatformName>> = {
  ...{ '2.23.133.5.1.1': 'manufacturer', '2.23.133.5.1.4': 'model', '2.23.133.5.1.5': 'version', '2.23.133.5.1.6': 'serial' },
  ...{ '2.23.133.2.4': 'manufacturer', '2.23.133.2.5': 'model', '2.23.133.2.6': 'version', '2.23.133.2.23': 'serial' },
}
const DIRECTORY_NAME = contextConstructed(4)

/** The one certificate in a file: DER, or PEM under whatever label. @throws ThymusError FORMAT */
export function readPlatformFile(bytes: Buffer): PlatformCertificate {
  if (bytes[0] === TAG.sequence) return readPlatformCertificate(bytes)
  const [block, ...more] = readAllPem(bytes.toString('latin1'))
  if (block === undefined || more.length > 0)
    throw new ThymusError('FORMAT', block === undefined ? 'neither DER nor PEM' : 'several certificates, where one is expected')
  return readPlatformCertificate(block.bytes)
}

/** @throws ThymusError FORMAT */
export function readPlatformCertificate(der: Buffer): PlatformCertificate {
  const outer = new DerReader(der)
  const body = outer.enter(TAG.sequence).enter(TAG.sequence)
  outer.finish()
  // The version of a certificate of a key stands in [0], that of an attribute certificate as it is.
  return body.tag === TAG.integer ? readAttributeCertificate(der) : readKeyCertificate(der)
}

function readKeyCertificate(der: Buffer): PlatformCertificate {
  const certificate = readVendorCertificate(der)
  const { version, serial, rawIssuer, issuer, notBefore, notAfter, signatureAlgorithm, signature, extensions, extended } = certificate
  return {
    ...{ raw: certificate.raw, rawBody: certificate.rawBody, version, serial, rawIssuer, issuer, holder: undefined, certificate },
    ...{ notBefore: notBefore.milliseconds, notAfter: notAfter.milliseconds, signatureAlgorithm, signature },
    ...{ unhandled: extended.unhandled.filter((id) => !KNOWN_EXTENSIONS.has(id)), ...statementsOf([], extensions) },
  }
}

/** AttributeCertificate (RFC 5755 §4.1). */
function readAttributeCertificate(der: Buffer): PlatformCertificate {
  const outer = new DerReader(der).enter(TAG.sequence)
  const rawBody = outer.whole(TAG.sequence)
  const body = new DerReader(rawBody).enter(TAG.sequence)
  const version = 1 + body.count(1)
  const holder = readHolder(body.enter(TAG.sequence))
  const { raw: rawIssuer, name: issuer } = readIssuer(body)
  const algorithm = body.whole(TAG.sequence)
  if (!outer.whole(TAG.sequence).equals(algorithm)) outer.fail('the signature algorithm is not the one that is signed')
  const signatureAlgorithm = readSignatureAlgorithm(new DerReader(algorithm).enter(TAG.sequence))
  const serial = body.integer()
  const validity = body.enter(TAG.sequence)
  const [notBefore, notAfter] = [validity.time().milliseconds, validity.time().milliseconds]
  const attributes = readAttributes(body)
  body.optional(TAG.bitString, (each) => each.bits())
  const extensions = body.optional(TAG.sequence, (each) => [
    ...each.enter(TAG.sequence).each((all) => readExtension(all.enter(TAG.sequence))),
  ])
  body.finish()
  const signature = rightAligned(outer.bits())
  outer.finish()
  const unhandled = (extensions ?? []).filter(({ id, critical }) => critical && !KNOWN_EXTENSIONS.has(id)).map(({ id }) => id)
  return {
    ...{ raw: der, rawBody, version, serial, rawIssuer, issuer, holder, certificate: undefined, notBefore, notAfter },
    ...{ signatureAlgorithm, signature, unhandled, ...statementsOf(attributes, extensions ?? []) },
  }
}

/** Holder (RFC 5755 §4.2.2): its baseCertificateID, which the profile wants (3.1.5), and a digest. Its entityName binds nothing. */
function readHolder(reader: DerReader): Holder | undefined {
  const base = reader.optional(contextConstructed(0), (each) => each.enter(contextConstructed(0)))
  reader.optional(contextConstructed(1), (each) => each.whole())
  const object = reader.optional(contextConstructed(2), (each) => each.enter(contextConstructed(2)))
  reader.finish()
  if (base === undefined && object === undefined) return undefined
  return { ...(base && { certificate: readIssuerSerial(base) }), ...(object && { digest: readObjectDigest(object) }) }
}

function readIssuerSerial(reader: DerReader): NonNullable<Holder['certificate']> {
  const { raw, name } = readDirectoryName(reader.enter(TAG.sequence))
  return { rawIssuer: raw, issuer: name, serial: reader.integer() }
}

const DIGESTED = ['key', 'certificate', 'other'] as const

function readObjectDigest(reader: DerReader): HolderDigest {
  const of = DIGESTED[reader.count(DIGESTED.length - 1, TAG.enumerated)]!
  reader.optional(TAG.oid, (each) => each.oid())
  const hash = readHashAlgorithm(reader)
  const { bytes: digest } = reader.bits()
  reader.finish()
  return { of, hash, digest }
}

/** AttCertIssuer: v2Form is in [0], v1Form the names themselves. */
function readIssuer(body: DerReader): { raw: Buffer; name: readonly Attribute[] } {
  const inside = body.tag === TAG.sequence ? body : body.enter(contextConstructed(0))
  return readDirectoryName(inside.enter(TAG.sequence))
}

/** The one name that is a distinguished name, among GeneralNames. */
function readDirectoryName(names: DerReader): { raw: Buffer; name: readonly Attribute[] } {
  while (names.tag !== DIRECTORY_NAME) names.whole()
  const raw = names.enter(DIRECTORY_NAME).whole(TAG.sequence)
  return { raw, name: readName(new DerReader(raw)) }
}

interface ReadAttribute {
  readonly id: string
  /** The first of its values. */
  readonly value: DerReader
}

const readAttributes = (reader: DerReader): readonly ReadAttribute[] => [
  ...reader.enter(TAG.sequence).each((all) => {
    const inside = all.enter(TAG.sequence)
    return { id: inside.oid(), value: inside.enter(TAG.set) }
  }),
]

function statementsOf(attributes: readonly ReadAttribute[], extensions: readonly Extension[]): PlatformStatements {
  const extensionValue = (wanted: string) => extensions.find(({ id }) => id === wanted)?.value
  const [names, more] = [extensionValue(EXTENSION.subjectAltName), extensionValue(SUBJECT_DIRECTORY_ATTRIBUTES)]
  const all = [...attributes, ...(more === undefined ? [] : readAttributes(new DerReader(more)))]
  const others: string[] = []
  const read = all.map(({ id, value }) => {
    const reader = Object.hasOwn(READERS, id) ? READERS[id] : undefined
    if (reader === undefined) others.push(id)
    return reader?.(value) ?? {}
  })
  return Object.assign({ platform: names === undefined ? {} : platformNameOf(new DerReader(names)), others }, ...read)
}

const READERS: Readonly<Record<string, (value: DerReader) => Partial<PlatformStatements>>> = {
  '2.23.133.2.17': (value) => ({ specification: readPlatformSpecification(value) }),
  '2.23.133.2.19': (value) => ({ assertions: readSecurityAssertions(value) }),
  '2.23.133.2.23': (value) => ({ credentialSpecification: readCredentialSpecification(value) }),
  '2.23.133.2.25': (value) => ({ credentialType: value.enter(TAG.sequence).oid() }),
  '2.23.133.5.1.3': (value) => ({ configurationUri: readUri(value.enter(TAG.sequence)) }),
  '2.23.133.5.1.7.1': (value) => ({ configuration: readPlatformConfiguration(value, 1) }),
  '2.23.133.5.1.7.2': (value) => ({ configuration: readPlatformConfiguration(value, 2) }),
  '1.3.6.1.5.5.7.2.2': (value) => ({ notice: readNotice(value.enter(TAG.sequence)) }),
}

/** UserNotice (RFC 5280 §4.2.1.4). */
function readNotice(reader: DerReader): NonNullable<PlatformStatements['notice']> {
  const organization = reader.optional(TAG.sequence, (each) => text(each.enter(TAG.sequence)))
  return { ...(organization !== undefined && { organization }), ...(!reader.done && { text: text(reader) }) }
}

/** The platform's names among the subject's alternative names; early certificates have them there without a distinguished name around. */
function platformNameOf(reader: DerReader): PlatformName {
  const names = reader.enter(TAG.sequence)
  const found: { -readonly [K in keyof PlatformName]: string } = {}
  while (!names.done) {
    const attributes = readPlatformNames(names)
    for (const { type, value } of attributes) {
      const name = Object.hasOwn(NAMES, type) ? NAMES[type] : undefined
      if (name !== undefined && typeof value === 'string') found[name] = value
    }
  }
  return found
}

/** The attributes of the next name; none where it is no distinguished name. */
function readPlatformNames(names: DerReader): readonly Attribute[] {
  if (names.tag === DIRECTORY_NAME) return readName(names.enter(DIRECTORY_NAME), { textOnly: false })
  if (names.tag === TAG.set) {
    const inside = names.enter(TAG.set).enter(TAG.sequence)
    return [{ type: inside.oid(), value: text(inside) }]
  }
  names.whole()
  return []
}
