// Names of a subject, and the subtrees that a CA's names are kept to (RFC 5280 §4.2.1.6, §4.2.1.10).
import type { DerReader } from '../der/reader.ts'
import { context, contextConstructed, TAG } from '../der/tags.ts'
import { readIp } from '../ip.ts'
import { readUrl, type Url } from '../url.ts'
import { readMailbox } from './mailbox.ts'
import { isDomainName, isIa5 } from './text.ts'

/** Kinds of names, by the number of their tag. Others are passed over. */
const KIND = { email: 1, dns: 2, uri: 6, ip: 7 } as const

export interface SubjectNames {
  readonly dns: readonly string[]
  readonly emails: readonly string[]
  /** 4 or 16 bytes each. */
  readonly ips: readonly Buffer[]
  readonly uris: readonly Url[]
}

export const NO_NAMES: SubjectNames = { dns: [], emails: [], ips: [], uris: [] }

export function readSubjectNames(reader: DerReader): SubjectNames {
  const names = { dns: [] as string[], emails: [] as string[], ips: [] as Buffer[], uris: [] as Url[] }
  const inside = reader.enter(TAG.sequence)
  while (!inside.done) {
    const tag = inside.tag!
    const bytes = inside.content(tag)
    if (tag === context(KIND.dns)) names.dns.push(ascii(inside, bytes))
    else if (tag === context(KIND.email)) names.emails.push(ascii(inside, bytes))
    else if (tag === context(KIND.ip)) names.ips.push(bytes.length === 4 || bytes.length === 16 ? bytes : inside.fail('no IP address'))
    else if (tag === context(KIND.uri)) {
      const url = readUrl(ascii(inside, bytes))
      if (!isDomainName(url.host)) inside.fail('the host of a URI is no domain name')
      names.uris.push(url)
    }
  }
  return names
}

export interface Network {
  readonly ip: Buffer
  /** As long as `ip`, ones before zeros. */
  readonly mask: Buffer
}

export interface Subtrees {
  readonly dns: readonly string[]
  readonly emails: readonly string[]
  readonly networks: readonly Network[]
  readonly uriDomains: readonly string[]
}

export const NO_SUBTREES: Subtrees = { dns: [], emails: [], networks: [], uriDomains: [] }

export interface NameConstraints {
  readonly permitted: Subtrees
  readonly excluded: Subtrees
  /** There is a kind of names that is not read, so what is permitted is not known. */
  readonly unhandled: boolean
}

export function readNameConstraints(reader: DerReader): NameConstraints {
  const inside = reader.enter(TAG.sequence)
  reader.finish()
  const trees = [0, 1].map((number) => inside.optional(contextConstructed(number), (each) => each.enter(contextConstructed(number))))
  inside.finish()
  if (trees.every((tree) => tree === undefined || tree.done)) reader.fail('name constraints constrain nothing')
  const [permitted, excluded] = trees.map((tree) => (tree === undefined ? { subtrees: NO_SUBTREES, unhandled: false } : readSubtrees(tree)))
  return {
    permitted: permitted!.subtrees,
    excluded: excluded!.subtrees,
    unhandled: permitted!.unhandled || excluded!.unhandled,
  }
}

function readSubtrees(reader: DerReader): { subtrees: Subtrees; unhandled: boolean } {
  const subtrees = { dns: [] as string[], emails: [] as string[], networks: [] as Network[], uriDomains: [] as string[] }
  let unhandled = false
  while (!reader.done) {
    const base = reader.enter(TAG.sequence)
    const tag = base.tag ?? base.fail('a subtree is empty')
    const bytes = base.content(tag)
    if (tag === context(KIND.dns)) subtrees.dns.push(domain(base, bytes))
    else if (tag === context(KIND.ip)) subtrees.networks.push(network(base, bytes))
    else if (tag === context(KIND.email)) {
      const text = ascii(base, bytes)
      // With an @ it is one mailbox, and else a domain.
      const valid = text.includes('@') ? readMailbox(text) !== undefined : isDomainName(text, { constraint: true })
      subtrees.emails.push(valid ? text : base.fail('no mailbox, and no domain'))
    } else if (tag === context(KIND.uri)) {
      const text = domain(base, bytes)
      if (readIp(text) !== undefined) base.fail('a URI is constrained to an IP address')
      subtrees.uriDomains.push(text)
    } else unhandled = true
  }
  return { subtrees, unhandled }
}

function ascii(reader: DerReader, bytes: Buffer): string {
  return isIa5(bytes) ? bytes.toString('latin1') : reader.fail('a name is no ASCII')
}

function domain(reader: DerReader, bytes: Buffer): string {
  const text = ascii(reader, bytes)
  return isDomainName(text, { constraint: true }) ? text : reader.fail('no domain name')
}

function network(reader: DerReader, bytes: Buffer): Network {
  if (bytes.length !== 8 && bytes.length !== 32) reader.fail('no IP network')
  const half = bytes.length / 2
  const mask = bytes.subarray(half)
  const bits = [...mask].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return /^1*0*$/.test(bits) ? { ip: bytes.subarray(0, half), mask } : reader.fail('a mask has zeros before ones')
}
