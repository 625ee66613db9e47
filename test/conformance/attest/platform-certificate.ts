// What go-attestation's attributecert makes of a platform certificate, as JSON, from what Thymus reads.
import type { Attribute } from '../../../src/formats/x509/name.ts'
import type { SignatureAlgorithm } from '../../../src/formats/x509/signature.ts'
import type { PlatformComponent, PlatformProperty, SecurityAssertions } from '../../../src/layers/hardware/tpm/abi/platform-attributes.ts'
import { readPlatformCertificate } from '../../../src/layers/hardware/tpm/abi/platform-certificate.ts'
import { answered, type Difference, factsDiffer, type Judge } from './case.ts'

/** x509.SignatureAlgorithm of Go. */
const GO_ALGORITHMS: Readonly<Record<string, number>> = {
  ...{ 'rsa-sha1': 3, 'rsa-sha256': 4, 'rsa-sha384': 5, 'rsa-sha512': 6, 'ec-sha256': 10, 'ec-sha384': 11, 'ec-sha512': 12 },
  ...{ 'rsa-sha256-pss': 13, 'rsa-sha384-pss': 14, 'rsa-sha512-pss': 15 },
}
/** Go reads no URI with its tag, and stops there; so it has none of these where a certificate does. */
const NOT_READ_BY_GO = ['ProfileURI', 'TargetOid', 'TargetURI'] as const

export const platformCertificate: Judge = ({ expect }, { read, has }) => {
  const found = readPlatformCertificate(read('cert'))
  if (!has('expectedParse')) return answered('parse', expect.parse, 'accept')
  const wanted = parse(read('expectedParse').toString('utf8'))
  for (const name of NOT_READ_BY_GO) delete wanted.TBBSecurityAssertions.CcInfo[name]
  const { holder, platform, configuration } = found
  const names = { PlatformManufacturer: platform.manufacturer, PlatformModel: platform.model, PlatformVersion: platform.version }
  const got = {
    ...{ Raw: found.raw.toString('base64'), RawTBSAttributeCertificate: found.rawBody.toString('base64') },
    ...{ Signature: found.signature.toString('base64'), SignatureAlgorithm: goAlgorithm(found.signatureAlgorithm) },
    ...{ Version: found.version, SerialNumber: found.serial, NotBefore: goTime(found.notBefore), NotAfter: goTime(found.notAfter) },
    ...{
      Holder: holder?.certificate && { Issuer: goNames(holder.certificate.issuer), Serial: holder.certificate.serial },
      Issuer: goNames(found.issuer),
    },
    TCGPlatformSpecification: { Version: goVersion(found.specification) },
    TBBSecurityAssertions: goAssertions(found.assertions),
    ...Object.fromEntries(Object.entries({ ...names, PlatformSerial: platform.serial }).map(([name, value]) => [name, value ?? ''])),
    UserNotice: { NoticeRef: { Organization: found.notice?.organization ?? '' }, ExplicitText: found.notice?.text ?? '' },
    Components: orNull(configuration?.components.map(goComponent)),
    Properties: orNull(configuration?.properties.map(goProperty)),
    PropertiesURI: configuration?.propertiesUri?.uri ?? '',
  }
  for (const name of [wanted.Holder.Issuer, wanted.Issuer]) for (const key of Object.keys(name)) if (key !== 'Names') delete name[key]
  delete wanted.UserNotice.NoticeRef.NoticeNumbers
  // What Go never fills in.
  for (const name of ['Subject', 'CredentialSpecification']) delete wanted[name]
  const differences: readonly Difference[] = factsDiffer(wanted, got)
  return [...answered('parse', expect.parse, 'accept'), ...differences]
}

/** Integers that JavaScript's numbers do not hold are read as they stand. */
// biome-ignore lint/suspicious/noExplicitAny: JSON of another program
const parse = (json: string): any =>
  JSON.parse(json, (name, value, context?: { readonly source?: string }) =>
    (name === 'SerialNumber' || name === 'Serial') && typeof value === 'number' ? BigInt(context!.source!) : value,
  )

const orNull = <T>(list: readonly T[] | undefined) => (list === undefined || list.length === 0 ? null : list)
const goTime = (milliseconds: number) => new Date(milliseconds).toISOString().replace('.000Z', 'Z')
const goOid = (dotted: string) => dotted.split('.').map(Number)
const goNames = (attributes: readonly Attribute[]) => ({
  Names: attributes.map(({ type, value }) => ({ Type: goOid(type), Value: value })),
})
const goVersion = (version: { major: number; minor: number; revision: number } | undefined) => ({
  ...{ MajorVersion: version?.major ?? 0, MinorVersion: version?.minor ?? 0, Revision: version?.revision ?? 0 },
})
const goAlgorithm = (algorithm: SignatureAlgorithm | undefined) =>
  (algorithm && GO_ALGORITHMS[`${algorithm.key}-${algorithm.hash}${algorithm.pss ? '-pss' : ''}`]) ?? 0

function goAssertions(assertions: SecurityAssertions | undefined) {
  const { commonCriteria: criteria, fips } = assertions ?? {}
  return {
    ...{ Version: assertions?.version ?? 0, RtmType: assertions?.measurementRoot ?? 0 },
    ...{ Iso9000Certified: assertions?.iso9000Certified ?? false, Iso9000URI: assertions?.iso9000Uri ?? '' },
    CcInfo: {
      ...{
        Version: criteria?.version ?? '',
        AssuranceLevel: criteria?.assuranceLevel ?? 0,
        EvaluationStatus: criteria?.evaluationStatus ?? 0,
      },
      ...{ Plus: criteria?.plus ?? false, StrengthOfFunction: criteria?.strengthOfFunction ?? 0 },
      ProfileOid: criteria?.profile === undefined ? null : goOid(criteria.profile),
    },
    FipsLevel: { Version: fips?.version ?? '', Level: fips?.level ?? 0, Plus: fips?.plus ?? false },
  }
}

function goComponent({ manufacturer, model, serial, revision, manufacturerId, fieldReplaceable, addresses }: PlatformComponent) {
  return {
    ...{ Manufacturer: manufacturer, Model: model, Serial: serial ?? '', Revision: revision ?? '', FieldReplaceable: fieldReplaceable },
    // Go takes the bytes of the identifier for a number.
    ManufacturerID: manufacturerId === undefined ? 0 : Number(BigInt(`0x${manufacturerId.toString('hex')}`)),
    Addresses: orNull(addresses.map(({ type, value }) => ({ AddressType: goOid(type), AddressValue: value }))),
  }
}

const goProperty = ({ name, value, status }: PlatformProperty) => ({ PropertyName: name, PropertyValue: value, Status: status ?? 0 })
