// Certificates with the fields and names of Go's x509.Certificate, since OPA's answers are its JSON.
import { DerReader } from '../../../../formats/der/reader.ts'
import { TAG } from '../../../../formats/der/tags.ts'
import type { Instant } from '../../../../formats/der/time.ts'
import { showIp } from '../../../../formats/ip.ts'
import { showUrl, type Url } from '../../../../formats/url.ts'
import type { Certificate } from '../../../../formats/x509/certificate.ts'
import type { Extension } from '../../../../formats/x509/extensions.ts'
import type { Network, SubjectNames } from '../../../../formats/x509/general-names.ts'
import type { Attribute } from '../../../../formats/x509/name.ts'
import type { PublicKey } from '../../../../formats/x509/public-key.ts'
import type { SignatureAlgorithm } from '../../../../formats/x509/signature.ts'
import { readDirectoryString, TEXTS } from '../../../../formats/x509/text.ts'
import { listOrNull, type Plain } from './plain.ts'
import { USAGES } from './usages.ts'

type Fields = { readonly [name: string]: Plain }

export function certificateFields(certificate: Certificate): Fields {
  const { publicKey, extended, signatureAlgorithm } = certificate
  const { basicConstraints, nameConstraints } = extended
  const usages = extended.extendedKeyUsage ?? []
  const known = USAGES.map(({ oid }) => oid)
  return {
    Raw: certificate.raw,
    RawTBSCertificate: certificate.rawBody,
    RawSubjectPublicKeyInfo: publicKey.raw,
    RawSubject: certificate.rawSubject,
    RawIssuer: certificate.rawIssuer,
    Signature: certificate.signature,
    SignatureAlgorithm: signatureNumber(signatureAlgorithm),
    ...publicKeyFields(publicKey.key),
    Version: certificate.version,
    SerialNumber: certificate.serial,
    Issuer: nameFields(certificate.issuer),
    Subject: nameFields(certificate.subject),
    NotBefore: timeText(certificate.notBefore),
    NotAfter: timeText(certificate.notAfter),
    KeyUsage: extended.keyUsage ?? 0,
    Extensions: listOrNull(certificate.extensions.map(extensionFields)),
    ExtraExtensions: null,
    UnhandledCriticalExtensions: listOrNull(extended.unhandled.map(oidNumbers)),
    ExtKeyUsage: listOrNull(usages.map((oid) => known.indexOf(oid)).filter((at) => at >= 0)),
    UnknownExtKeyUsage: listOrNull(usages.filter((oid) => !known.includes(oid)).map(oidNumbers)),
    BasicConstraintsValid: basicConstraints !== undefined,
    IsCA: basicConstraints?.isCa ?? false,
    MaxPathLen: basicConstraints === undefined ? 0 : (basicConstraints.maxPathLength ?? -1),
    MaxPathLenZero: basicConstraints?.maxPathLength === 0n,
    SubjectKeyId: extended.subjectKeyId,
    AuthorityKeyId: extended.authorityKeyId,
    OCSPServer: listOrNull(extended.ocspServers),
    IssuingCertificateURL: listOrNull(extended.issuerUrls),
    ...subjectNameFields(extended.names),
    PermittedDNSDomainsCritical: nameConstraints?.critical ?? false,
    PermittedDNSDomains: listOrNull(nameConstraints?.permitted.dns ?? []),
    ExcludedDNSDomains: listOrNull(nameConstraints?.excluded.dns ?? []),
    PermittedIPRanges: listOrNull((nameConstraints?.permitted.networks ?? []).map(networkFields)),
    ExcludedIPRanges: listOrNull((nameConstraints?.excluded.networks ?? []).map(networkFields)),
    PermittedEmailAddresses: listOrNull(nameConstraints?.permitted.emails ?? []),
    ExcludedEmailAddresses: listOrNull(nameConstraints?.excluded.emails ?? []),
    PermittedURIDomains: listOrNull(nameConstraints?.permitted.uriDomains ?? []),
    ExcludedURIDomains: listOrNull(nameConstraints?.excluded.uriDomains ?? []),
    CRLDistributionPoints: listOrNull(extended.crlUrls),
    ...policyFields(certificate),
  }
}

/** OPA adds the URIs as texts. */
export function extendedCertificateFields(certificate: Certificate): Fields {
  return { ...certificateFields(certificate), URIStrings: listOrNull(certificate.extended.names.uris.map((url) => utf8(showUrl(url)))) }
}

function policyFields({ extended }: Certificate): Fields {
  const { policies, policyMappings = [], requireExplicitPolicy, inhibitPolicyMapping, inhibitAnyPolicy } = extended
  return {
    PolicyIdentifiers: policies?.filter((oid) => oid.split('.').every((part) => Number(part) < 2 ** 31)).map(oidNumbers),
    Policies: listOrNull(policies ?? []),
    PolicyMappings: listOrNull(policyMappings.map(({ issuer, subject }) => ({ IssuerDomainPolicy: issuer, SubjectDomainPolicy: subject }))),
    InhibitAnyPolicy: inhibitAnyPolicy ?? 0,
    InhibitAnyPolicyZero: inhibitAnyPolicy === 0n,
    InhibitPolicyMapping: inhibitPolicyMapping ?? 0,
    InhibitPolicyMappingZero: inhibitPolicyMapping === 0n,
    RequireExplicitPolicy: requireExplicitPolicy ?? 0,
    RequireExplicitPolicyZero: requireExplicitPolicy === 0n,
  }
}

const SINGLE: Readonly<Record<string, string>> = { '2.5.4.3': 'CommonName', '2.5.4.5': 'SerialNumber' }
const SEVERAL: Readonly<Record<string, string>> = {
  '2.5.4.6': 'Country',
  '2.5.4.7': 'Locality',
  '2.5.4.8': 'Province',
  '2.5.4.9': 'StreetAddress',
  '2.5.4.10': 'Organization',
  '2.5.4.11': 'OrganizationalUnit',
  '2.5.4.17': 'PostalCode',
}

/** Of an attribute that stands twice where one is meant, the last counts. */
export function nameFields(attributes: readonly Attribute[]): Fields {
  const texts = attributes.filter(({ value }) => typeof value === 'string')
  const several = Object.entries(SEVERAL).map(([oid, name]): [string, Plain] => [
    name,
    listOrNull(texts.filter(({ type }) => type === oid).map(({ value }) => value)),
  ])
  const single = Object.entries(SINGLE).map(([oid, name]): [string, Plain] => [
    name,
    texts.findLast(({ type }) => type === oid)?.value ?? '',
  ])
  const names = attributes.map(({ type, value }) => ({
    Type: oidNumbers(type),
    Value: typeof value === 'string' ? value : anyValue(new DerReader(value)),
  }))
  return { ...Object.fromEntries([...several, ...single]), Names: listOrNull(names), ExtraNames: null }
}

/**
 * What Go makes of a value of any type; null for types that it does not know.
 * @throws ThymusError FORMAT for one that does not follow its type
 */
export function anyValue(reader: DerReader): Plain {
  if (TEXTS.has(reader.tag ?? 0)) return readDirectoryString(reader) ?? reader.fail('a value is no text')
  switch (reader.tag) {
    case TAG.boolean:
      return reader.boolean()
    case TAG.integer: {
      const value = reader.integer()
      return BigInt.asIntN(64, value) === value ? value : reader.fail('an integer is too large')
    }
    case TAG.bitString: {
      const { bytes, unused } = reader.bits()
      return { Bytes: bytes, BitLength: 8 * bytes.length - unused }
    }
    case TAG.octetString:
      return reader.octets()
    case TAG.oid:
      return oidNumbers(reader.oid())
    case TAG.utcTime:
    case TAG.generalizedTime:
      return timeText(reader.time())
    default:
      reader.whole()
      return null
  }
}

export const extensionFields = ({ id, critical, value }: Extension): Fields => ({ Id: oidNumbers(id), Critical: critical, Value: value })

export const oidNumbers = (oid: string): readonly number[] => oid.split('.').map(Number)

export function subjectNameFields({ dns, emails, ips, uris }: SubjectNames): Fields {
  return {
    DNSNames: listOrNull(dns),
    EmailAddresses: listOrNull(emails),
    IPAddresses: listOrNull(ips.map(showIp)),
    URIs: listOrNull(uris.map(urlFields)),
  }
}

/** The parts of a name and its password are not shown: Go's Userinfo has no exported field. */
function urlFields(url: Url): Fields {
  return {
    Scheme: url.scheme,
    Opaque: url.opaque,
    User: url.user === undefined ? null : {},
    Host: utf8(url.host),
    Path: utf8(url.path),
    RawPath: url.rawPath,
    OmitHost: url.omitHost,
    ForceQuery: url.forceQuery,
    RawQuery: url.rawQuery,
    Fragment: utf8(url.fragment),
    RawFragment: url.rawFragment,
  }
}

/** A URL has one character for each byte. */
const utf8 = (text: string) => Buffer.from(text, 'latin1').toString('utf8')

const networkFields = ({ ip, mask }: Network): Fields => ({ IP: showIp(ip), Mask: mask })

export function publicKeyFields(key: PublicKey): Fields {
  switch (key.kind) {
    case 'rsa':
      return { PublicKeyAlgorithm: 1, PublicKey: { N: key.modulus, E: key.exponent } }
    case 'dsa':
      return { PublicKeyAlgorithm: 2, PublicKey: { P: key.p, Q: key.q, G: key.g, Y: key.y } }
    case 'ec':
      return { PublicKeyAlgorithm: 3, PublicKey: { Curve: {}, X: key.x, Y: key.y } }
    case 'ed25519':
      return { PublicKeyAlgorithm: 4, PublicKey: key.bytes }
    default:
      return { PublicKeyAlgorithm: 0, PublicKey: null }
  }
}

/** Go's numbers for algorithms. */
const SIGNATURES: readonly (SignatureAlgorithm | undefined)[] = [
  undefined,
  undefined,
  { key: 'rsa', hash: 'md5' },
  { key: 'rsa', hash: 'sha1' },
  { key: 'rsa', hash: 'sha256' },
  { key: 'rsa', hash: 'sha384' },
  { key: 'rsa', hash: 'sha512' },
  { key: 'dsa', hash: 'sha1' },
  { key: 'dsa', hash: 'sha256' },
  { key: 'ec', hash: 'sha1' },
  { key: 'ec', hash: 'sha256' },
  { key: 'ec', hash: 'sha384' },
  { key: 'ec', hash: 'sha512' },
  { key: 'rsa', hash: 'sha256', pss: true },
  { key: 'rsa', hash: 'sha384', pss: true },
  { key: 'rsa', hash: 'sha512', pss: true },
  { key: 'ed25519', hash: null },
]

export function signatureNumber(algorithm: SignatureAlgorithm | undefined): number {
  return SIGNATURES.findIndex((each) => each?.key === algorithm?.key && each?.hash === algorithm?.hash && each?.pss === algorithm?.pss)
}

/** RFC 3339. */
function timeText({ milliseconds, offset }: Instant): string {
  const local = new Date(milliseconds + offset * 60_000).toISOString().replace('.000Z', '')
  if (offset === 0) return `${local}Z`
  const size = Math.abs(offset)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${local}${offset < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
}
