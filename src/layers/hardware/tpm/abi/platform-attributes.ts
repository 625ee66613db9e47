// What a platform certificate says of the platform: TCG Platform Certificate Profile 1.1, 3.1. Early certificates leave tags out that the
// profile has; those are read as well, in the profile's order.
import type { DerReader } from '../../../../formats/der/reader.ts'
import { context, contextConstructed, TAG } from '../../../../formats/der/tags.ts'
import { readDirectoryString } from '../../../../formats/x509/text.ts'

export interface SpecificationVersion {
  readonly major: number
  readonly minor: number
  readonly revision: number
}

export interface UriReference {
  readonly uri: string
  /** Dotted; undefined where nothing is said of the content. */
  readonly hashAlgorithm?: string
  readonly hash?: Buffer
}

/** TBBSecurityAssertions (3.1.1): what the maker asserts of the trusted building block. */
export interface SecurityAssertions {
  readonly version: number
  readonly commonCriteria?: CommonCriteria
  readonly fips?: { readonly version: string; readonly level: number; readonly plus: boolean }
  /** MeasurementRootType: 0 static, 1 dynamic, 2 non-host, 3 hybrid, 4 physical, 5 virtual. */
  readonly measurementRoot?: number
  readonly iso9000Certified: boolean
  readonly iso9000Uri?: string
}

export interface CommonCriteria {
  readonly version: string
  readonly assuranceLevel: number
  readonly evaluationStatus: number
  readonly plus: boolean
  readonly strengthOfFunction?: number
  readonly profile?: string
  readonly profileUri?: UriReference
  readonly target?: string
  readonly targetUri?: UriReference
}

export interface PlatformComponent {
  /** Its registry and number, in version 2; the number alone in version 1, where there is any. */
  readonly registry?: string
  readonly class?: Buffer
  readonly manufacturer: string
  readonly model: string
  readonly serial?: string
  readonly revision?: string
  /** Content of an object identifier below 1.3.6.1.4.1; some certificates have other bytes there. */
  readonly manufacturerId?: Buffer
  readonly fieldReplaceable: boolean
  readonly addresses: readonly { readonly type: string; readonly value: string }[]
  /** 0 added, 1 modified, 2 removed; of a delta certificate. */
  readonly status?: number
}

export interface PlatformProperty {
  readonly name: string
  readonly value: string
  readonly status?: number
}

export interface PlatformConfiguration {
  readonly components: readonly PlatformComponent[]
  readonly componentsUri?: UriReference
  readonly properties: readonly PlatformProperty[]
  readonly propertiesUri?: UriReference
}

/** A platform has hundreds of components at most. */
const MAX_LIST = 10_000

function readSpecificationVersion(reader: DerReader): SpecificationVersion {
  const inside = reader.enter(TAG.sequence)
  return { major: inside.count(), minor: inside.count(), revision: inside.count() }
}

/** TCGPlatformSpecification: a version and the class of the platform, which is passed over. */
export const readPlatformSpecification = (reader: DerReader): SpecificationVersion => readSpecificationVersion(reader.enter(TAG.sequence))

/** TCGCredentialSpecification; some have the three numbers without the sequence around them. */
export function readCredentialSpecification(reader: DerReader): SpecificationVersion {
  const inside = reader.enter(TAG.sequence)
  return inside.tag === TAG.sequence
    ? readSpecificationVersion(inside)
    : { major: inside.count(), minor: inside.count(), revision: inside.count() }
}

export function readSecurityAssertions(reader: DerReader): SecurityAssertions {
  const inside = reader.enter(TAG.sequence)
  const version = inside.optional(TAG.integer, (each) => each.count()) ?? 0
  const commonCriteria = either(inside, contextConstructed(0), TAG.sequence, readCommonCriteria)
  const fips = either(inside, contextConstructed(1), TAG.sequence, (each) => ({
    ...{ version: text(each), level: each.count(MAX_LIST, TAG.enumerated) },
    plus: each.optional(TAG.boolean, (flag) => flag.boolean()) ?? false,
  }))
  const measurementRoot = number(inside, context(2), TAG.enumerated)
  const iso9000Certified = inside.optional(TAG.boolean, (each) => each.boolean()) ?? false
  const iso9000Uri = inside.done ? undefined : text(inside)
  return given({ version, commonCriteria, fips, measurementRoot, iso9000Certified, iso9000Uri })
}

function readCommonCriteria(reader: DerReader): CommonCriteria {
  return given({
    version: text(reader),
    assuranceLevel: reader.count(MAX_LIST, TAG.enumerated),
    evaluationStatus: reader.count(MAX_LIST, TAG.enumerated),
    plus: reader.optional(TAG.boolean, (each) => each.boolean()) ?? false,
    strengthOfFunction: number(reader, context(0), TAG.enumerated),
    profile: identifier(reader, context(1), TAG.oid),
    profileUri: either(reader, contextConstructed(2), TAG.sequence, readUri),
    target: identifier(reader, context(3), TAG.oid),
    targetUri: either(reader, contextConstructed(4), TAG.sequence, readUri),
  })
}

/** URIReference, from inside. */
export function readUri(reader: DerReader): UriReference {
  return given({
    uri: text(reader),
    hashAlgorithm: reader.optional(TAG.sequence, (each) => each.enter(TAG.sequence).oid()),
    hash: reader.optional(TAG.bitString, (each) => each.bits().bytes),
  })
}

/** PlatformConfiguration. @param version 2 has a URI of its components, and names the registry of their classes */
export function readPlatformConfiguration(reader: DerReader, version: 1 | 2): PlatformConfiguration {
  const inside = reader.enter(TAG.sequence)
  const [list, uriOfList, properties, uriOfProperties] = version === 2 ? [0, 1, 2, 3] : [0, undefined, 1, 2]
  const components = tagged(inside, list!, (all) => several(all, (each) => readComponent(each.enter(TAG.sequence))))
  const componentsUri = uriOfList === undefined ? undefined : tagged(inside, uriOfList, readUri)
  const found = tagged(inside, properties!, readProperties)
  const propertiesUri = tagged(inside, uriOfProperties!, readUri)
  return given({ components: components ?? [], componentsUri, properties: found ?? [], propertiesUri })
}

/** Properties; where there is one alone, some certificates leave the list out. */
function readProperties(reader: DerReader): readonly PlatformProperty[] {
  if (reader.tag === TAG.sequence) return several(reader, (each) => readProperty(each.enter(TAG.sequence)))
  return reader.done ? [] : [readProperty(reader)]
}

function readProperty(reader: DerReader): PlatformProperty {
  return given({ name: text(reader), value: text(reader), status: number(reader, context(0)) })
}

function readComponent(reader: DerReader): PlatformComponent {
  const numbered = reader.optional(TAG.sequence, (each) => each.enter(TAG.sequence))
  return given({
    registry: numbered?.oid(),
    class: numbered?.octets() ?? reader.optional(TAG.octetString, (each) => each.octets()),
    manufacturer: text(reader),
    model: text(reader),
    serial: utf8(reader, context(0)),
    revision: utf8(reader, context(1)),
    manufacturerId: reader.optional(context(2), (each) => each.content(context(2))),
    fieldReplaceable: reader.optional(context(3), (each) => each.content(context(3))[0] === 0xff) ?? false,
    addresses: tagged(reader, 4, (all) => several(all, (each) => address(each.enter(TAG.sequence)))) ?? [],
    // The component's own platform certificate, and where it is.
    ...skipped(reader, contextConstructed(5), contextConstructed(6)),
    status: number(reader, context(7)),
  })
}

const address = (reader: DerReader) => ({ type: reader.oid(), value: text(reader) })

/** Passes over elements that may be there. */
function skipped(reader: DerReader, ...tags: readonly number[]): Record<string, never> {
  for (const tag of tags) reader.optional(tag, (each) => each.whole())
  return {}
}

export const text = (reader: DerReader): string => readDirectoryString(reader) ?? reader.fail('no text')

const utf8 = (reader: DerReader, tag: number) => reader.optional(tag, (each) => each.content(tag).toString('utf8'))

/** What `read` makes of the inside of `[n]`. */
const tagged = <T>(reader: DerReader, n: number, read: (inside: DerReader) => T) => either(reader, contextConstructed(n), undefined, read)

/** What `read` makes of the inside of an element of one tag or the other. */
function either<T>(reader: DerReader, tag: number, other: number | undefined, read: (inside: DerReader) => T): T | undefined {
  const { tag: next } = reader
  return next !== undefined && (next === tag || next === other) ? read(reader.enter(next)) : undefined
}

function number(reader: DerReader, ...tags: readonly number[]): number | undefined {
  const { tag } = reader
  return tag !== undefined && tags.includes(tag) ? reader.count(MAX_LIST, tag) : undefined
}

function identifier(reader: DerReader, tag: number, other: number): string | undefined {
  if (reader.tag === other) return reader.oid()
  return reader.optional(tag, (each) => each.oid(tag))
}

function several<T>(reader: DerReader, read: (reader: DerReader) => T): readonly T[] {
  const all: T[] = []
  for (const each of reader.each(read)) if (all.push(each) > MAX_LIST) reader.fail(`more than ${MAX_LIST} in a list`)
  return all
}

/** Without what is undefined. */
const given = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> }
