// Extensions of certificates (RFC 5280 §4.2). Each is read to its end or refused; one that is critical and not known is named.
import { DerReader, oidParts } from '../der/reader.ts'
import { context, contextConstructed, TAG } from '../der/tags.ts'
import { type NameConstraints, NO_NAMES, readNameConstraints, readSubjectNames, type SubjectNames } from './general-names.ts'

export interface Extension {
  /** Dotted. */
  readonly id: string
  readonly critical: boolean
  readonly value: Buffer
}

export interface PolicyMapping {
  readonly issuer: string
  readonly subject: string
}

/** What the extensions say; a property is undefined where its extension is not there. */
export interface Extensions {
  /** Bit n of it is bit n of KeyUsage: 0 digitalSignature … 5 keyCertSign … 8 decipherOnly. */
  keyUsage?: number
  basicConstraints?: { readonly isCa: boolean; readonly maxPathLength?: bigint }
  /** Dotted. */
  extendedKeyUsage?: readonly string[]
  subjectKeyId?: Buffer
  authorityKeyId?: Buffer
  names: SubjectNames
  nameConstraints?: NameConstraints & { readonly critical: boolean }
  ocspServers: string[]
  issuerUrls: string[]
  crlUrls: string[]
  /** Dotted, with parts of any size. */
  policies?: readonly string[]
  policyMappings?: readonly PolicyMapping[]
  requireExplicitPolicy?: bigint
  inhibitPolicyMapping?: bigint
  inhibitAnyPolicy?: bigint
  /** Identifiers of critical extensions that nothing here understands. */
  unhandled: string[]
}

export const EXTENSION = {
  subjectAltName: '2.5.29.17',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
} as const

export const ANY_POLICY = '2.5.29.32.0'
const OCSP = '1.3.6.1.5.5.7.48.1'
const CA_ISSUERS = '1.3.6.1.5.5.7.48.2'
const KEY_USAGE_BITS = 9
const MAX_INT = (1n << 63n) - 1n

export function readExtension(reader: DerReader): Extension {
  const id = reader.oid()
  const critical = reader.optional(TAG.boolean, (each) => each.boolean()) ?? false
  return { id, critical, value: reader.octets() }
}

/** @throws ThymusError FORMAT for an extension that does not follow its syntax */
export function readExtensions(extensions: readonly Extension[]): Extensions {
  const found: Extensions = { names: NO_NAMES, ocspServers: [], issuerUrls: [], crlUrls: [], unhandled: [] }
  for (const extension of extensions) {
    const read = READERS[extension.id]
    const handled = read !== undefined && read(found, new DerReader(extension.value), extension) !== UNHANDLED
    if (!handled && extension.critical) found.unhandled.push(extension.id)
  }
  return found
}

const UNHANDLED = Symbol('unhandled')
type Read = (found: Extensions, reader: DerReader, extension: Extension) => typeof UNHANDLED | undefined

const reading =
  (read: (found: Extensions, reader: DerReader, extension: Extension) => void): Read =>
  (...given) => {
    read(...given)
    return undefined
  }

/** RFC 5280 has these as non-critical always. */
const uncritical = (read: (found: Extensions, reader: DerReader) => void): Read =>
  reading((found, reader, { critical }) => {
    if (critical) reader.fail('an extension is critical that must not be')
    read(found, reader)
  })

const READERS: Readonly<Record<string, Read>> = {
  '2.5.29.14': uncritical((found, reader) => {
    found.subjectKeyId = reader.octets()
  }),
  '2.5.29.15': reading((found, reader) => {
    const { bytes } = reader.bits()
    let usage = 0
    for (let bit = 0; bit < KEY_USAGE_BITS; bit++) if ((((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1) usage |= 1 << bit
    found.keyUsage = usage
  }),
  [EXTENSION.subjectAltName]: (found, reader) => {
    found.names = readSubjectNames(reader)
    return Object.values(found.names).every((names) => names.length === 0) ? UNHANDLED : undefined
  },
  '2.5.29.19': reading((found, reader) => {
    const inside = reader.enter(TAG.sequence)
    const isCa = inside.optional(TAG.boolean, (each) => each.boolean()) ?? false
    const maxPathLength = inside.optional(TAG.integer, (each) => integer(each, TAG.integer, true))
    found.basicConstraints = maxPathLength === undefined ? { isCa } : { isCa, maxPathLength }
  }),
  '2.5.29.30': (found, reader, { critical }) => {
    const constraints = readNameConstraints(reader)
    found.nameConstraints = { ...constraints, critical }
    return constraints.unhandled ? UNHANDLED : undefined
  },
  '2.5.29.31': reading((found, reader) => {
    for (const point of reader.enter(TAG.sequence).each((points) => points.enter(TAG.sequence))) {
      const name = point.optional(contextConstructed(0), (each) => each.enter(contextConstructed(0)))?.enter(contextConstructed(0))
      while (name?.tag === context(6)) found.crlUrls.push(name.content(context(6)).toString('utf8'))
    }
  }),
  '2.5.29.32': reading((found, reader) => {
    const policies = [...reader.enter(TAG.sequence).each((all) => policy(all.enter(TAG.sequence)))]
    if (new Set(policies).size < policies.length) reader.fail('a policy stands twice')
    found.policies = policies
  }),
  '2.5.29.33': reading((found, reader) => {
    found.policyMappings = [
      ...reader.enter(TAG.sequence).each((all) => {
        const pair = all.enter(TAG.sequence)
        return { issuer: policy(pair), subject: policy(pair) }
      }),
    ]
  }),
  '2.5.29.35': uncritical((found, reader) => {
    const id = reader.enter(TAG.sequence).optional(context(0), (each) => each.content(context(0)))
    if (id !== undefined) found.authorityKeyId = id
  }),
  '2.5.29.36': reading((found, reader) => {
    const inside = reader.enter(TAG.sequence)
    const explicit = inside.optional(context(0), (each) => integer(each, context(0)))
    const inhibit = inside.optional(context(1), (each) => integer(each, context(1)))
    if (explicit !== undefined) found.requireExplicitPolicy = explicit
    if (inhibit !== undefined) found.inhibitPolicyMapping = inhibit
  }),
  '2.5.29.37': reading((found, reader) => {
    found.extendedKeyUsage = [...reader.enter(TAG.sequence).each((all) => all.oid())]
  }),
  '2.5.29.54': reading((found, reader) => {
    found.inhibitAnyPolicy = integer(reader, TAG.integer)
  }),
  [EXTENSION.authorityInfoAccess]: uncritical((found, reader) => {
    for (const access of reader.enter(TAG.sequence).each((all) => all.enter(TAG.sequence))) {
      const method = access.oid()
      if (access.tag !== context(6)) continue
      const url = access.content(context(6)).toString('utf8')
      if (method === OCSP) found.ocspServers.push(url)
      else if (method === CA_ISSUERS) found.issuerUrls.push(url)
    }
  }),
}

function policy(reader: DerReader): string {
  return oidParts(reader.content(TAG.oid))?.join('.') ?? reader.fail('no object identifier')
}

/** An integer of 64 bits. */
function integer(reader: DerReader, tag: number, positive = false): bigint {
  const value = reader.integer(tag)
  return value > MAX_INT || value < (positive ? 0n : -MAX_INT - 1n) ? reader.fail('an integer is too large') : value
}
