// Name constraints (RFC 5280 §4.2.1.10): every name of a certificate must be within those of all certificates above it.
import { readIp } from '../ip.ts'
import type { Certificate } from './certificate.ts'
import { EXTENSION } from './extensions.ts'
import type { NameConstraints, Network, SubjectNames, Subtrees } from './general-names.ts'
import { type Mailbox, readMailbox } from './mailbox.ts'
import { isDomainName } from './text.ts'

/** Names times constraints that are compared. */
const MAX_COMPARISONS = 1_000_000

interface Names {
  readonly dns: readonly string[]
  readonly ips: readonly Buffer[]
  readonly mailboxes: readonly Mailbox[]
  readonly uriDomains: readonly string[]
}

/** From the leaf upwards. A name that cannot be read is not permitted where anything is constrained. */
export function namesPermitted(chain: readonly Certificate[]): boolean {
  for (const [at, certificate] of chain.entries()) {
    if (!certificate.extensions.some(({ id }) => id === EXTENSION.subjectAltName)) continue
    const above = chain.slice(at + 1).flatMap(({ extended }) => extended.nameConstraints ?? [])
    if (above.length === 0) continue
    const names = readNames(certificate.extended.names)
    if (names === undefined || above.some((constraints) => !permits(constraints, names))) return false
  }
  return true
}

function readNames({ dns, ips, emails, uris }: SubjectNames): Names | undefined {
  const mailboxes = emails.map(readMailbox)
  const uriDomains = uris.map(({ host }) => uriDomain(host.toLowerCase()))
  if (mailboxes.includes(undefined) || uriDomains.includes(undefined)) return undefined
  const read = { dns, ips, mailboxes: mailboxes as Mailbox[], uriDomains: uriDomains as string[] }
  const domains = [...dns, ...read.uriDomains, ...read.mailboxes.map(({ domain }) => domain)]
  return domains.every((name) => isDomainName(name)) ? read : undefined
}

/** The domain in a URI's host; undefined where there is none, or an IP address. */
function uriDomain(host: string): string | undefined {
  const domain = host.endsWith(']') ? host : host.replace(/:\d*$/, '')
  return domain === '' || domain.startsWith('[') || domain.includes(':') || readIp(domain) !== undefined ? undefined : domain
}

function permits({ permitted, excluded }: NameConstraints, names: Names): boolean {
  const count = Object.values(names).reduce((total, list) => total + list.length, 0)
  const trees = [permitted, excluded].flatMap((subtrees) => Object.values(subtrees)).reduce((total, list) => total + list.length, 0)
  if (count * trees > MAX_COMPARISONS) return false
  return KINDS.every(({ namesOf, constraintsOf, within }) => {
    const [inside, outside] = [constraintsOf(permitted), constraintsOf(excluded)]
    return namesOf(names).every(
      (name) =>
        (inside.length === 0 || inside.some((constraint) => within(name, constraint, false))) &&
        !outside.some((constraint) => within(name, constraint, true)),
    )
  })
}

interface Kind<N, C> {
  readonly namesOf: (names: Names) => readonly N[]
  readonly constraintsOf: (subtrees: Subtrees) => readonly C[]
  readonly within: (name: N, constraint: C, excluding: boolean) => boolean
}

const kind = <N, C>(one: Kind<N, C>): Kind<unknown, unknown> => one as Kind<unknown, unknown>

const KINDS: readonly Kind<unknown, unknown>[] = [
  kind({ namesOf: ({ ips }) => ips, constraintsOf: ({ networks }) => networks, within: inNetwork }),
  kind({ namesOf: ({ dns }) => dns, constraintsOf: ({ dns }) => dns, within: inDomain }),
  kind({ namesOf: ({ uriDomains }) => uriDomains, constraintsOf: ({ uriDomains }) => uriDomains, within: inDomain }),
  kind({ namesOf: ({ mailboxes }) => mailboxes, constraintsOf: ({ emails }) => emails, within: isMailboxWithin }),
]

function inNetwork(ip: Buffer, { ip: base, mask }: Network): boolean {
  return ip.length === base.length && ip.every((byte, at) => (byte & mask[at]!) === (base[at]! & mask[at]!))
}

/** A domain is within itself, and all below it are; with a dot before it, only those below. Excluding `a.b` excludes `*.b` too. */
function inDomain(name: string, constraint: string, excluding: boolean): boolean {
  if (constraint === '') return true
  const [plain, wanted] = [name.toLowerCase(), constraint.toLowerCase()]
  if (plain === wanted || plain.endsWith(wanted.startsWith('.') ? wanted : `.${wanted}`)) return true
  const parent = wanted.indexOf('.')
  return (
    excluding && plain.startsWith('*') && parent >= 0 && plain.includes('.') && plain.slice(plain.indexOf('.')) === wanted.slice(parent)
  )
}

function isMailboxWithin({ local, domain }: Mailbox, constraint: string, excluding: boolean): boolean {
  if (!constraint.includes('@')) return inDomain(domain, constraint, excluding)
  const exact = readMailbox(constraint)
  return exact !== undefined && exact.local === local && exact.domain.toLowerCase() === domain.toLowerCase()
}
