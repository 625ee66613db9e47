// Addresses, networks and URLs of Kubernetes (pkg/cel/library/ip.go, cidr.go, urls.go).
import { readIp, showIp } from '../../../formats/ip.ts'
import { escapedPath, readUrl, type Url } from '../../../formats/url.ts'
import { Fault, noOverload, type Run } from '../run.ts'
import { EntryMap, ItemList, Opaque, opaque, type Value } from '../values.ts'
import type { Library } from './library.ts'
import { shown } from './standard.ts'

const MAPPED = Buffer.from('00000000000000000000ffff', 'hex')

class Ip extends Opaque {
  readonly type = 'net.IP'
  readonly bytes: Buffer
  constructor(bytes: Buffer) {
    super()
    this.bytes = bytes
  }
  override get size() {
    return this.bytes.length
  }
  override equals(other: Value) {
    return other instanceof Ip && this.bytes.equals(other.bytes)
  }
  override toString() {
    return showIp(this.bytes)
  }
}

class Cidr extends Opaque {
  readonly type = 'net.CIDR'
  readonly ip: Ip
  readonly length: number
  constructor(ip: Ip, length: number) {
    super()
    this.ip = ip
    this.length = length
  }
  override get size() {
    return Math.ceil(this.length / 8)
  }
  masked(): Cidr {
    const bytes = Buffer.from(this.ip.bytes)
    for (let at = 0; at < bytes.length; at++) bytes[at]! &= 0xff00 >> Math.min(8, Math.max(0, this.length - 8 * at))
    return new Cidr(new Ip(bytes), this.length)
  }
  contains(ip: Ip): boolean {
    return ip.bytes.length === this.ip.bytes.length && new Cidr(ip, this.length).masked().ip.equals(this.masked().ip)
  }
  override equals(other: Value) {
    return other instanceof Cidr && other.length === this.length && this.ip.equals(other.ip)
  }
  override toString() {
    return `${this.ip}/${this.length}`
  }
}

/** Longer texts are no address; what reads them need not be asked. */
const LONGEST = 64

function ipOf(text: string): Ip | undefined {
  const bytes = text.length > LONGEST ? undefined : readIp(text)
  return bytes === undefined || (bytes.length === 16 && bytes.subarray(0, 12).equals(MAPPED)) ? undefined : new Ip(bytes)
}

function cidrOf(text: string): Cidr | undefined {
  const slash = text.lastIndexOf('/')
  const ip = slash < 0 ? undefined : ipOf(text.slice(0, slash))
  const length = text.slice(slash + 1)
  if (ip === undefined || !/^(?:0|[1-9]\d{0,2})$/.test(length) || Number(length) > 8 * ip.bytes.length) return undefined
  return new Cidr(ip, Number(length))
}

function readAddress(text: string): Ip {
  const ip = ipOf(text)
  if (ip === undefined && text.includes('%') && text.includes(':'))
    throw new Fault(`IP address ${JSON.stringify(text)} with zone value is not allowed`)
  if (ip === undefined && readIp(text.slice(0, LONGEST)) !== undefined)
    throw new Fault(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`)
  if (ip === undefined)
    throw new Fault(`IP Address ${JSON.stringify(text)} parse error during conversion from string: ${addressProblem(text)}`)
  return ip
}

/** Go's words for what is no address; not those for what has colons. */
function addressProblem(text: string): string {
  const problem = (why: string, at?: string) =>
    `ParseAddr(${JSON.stringify(text)}): ${why}${at === undefined ? '' : ` (at ${JSON.stringify(at)})`}`
  const [first] = /[.:%]/.exec(text) ?? []
  if (first === undefined) return problem('unable to parse IP')
  if (first === '%') return problem('missing IPv6 address')
  if (first === ':') return problem('no IPv6 address')
  let [begin, fields] = [0, 0]
  for (let at = 0; at < text.length; at++) {
    if (/\d/.test(text[at]!)) {
      if (at > begin && text[begin] === '0') return problem('IPv4 field has octet with leading zero')
      if (Number(text.slice(begin, at + 1)) > 255) return problem('IPv4 field has value >255')
    } else if (text[at] !== '.') return problem('unexpected character', text.slice(at))
    else if (at === begin || at === text.length - 1) return problem('IPv4 field must have at least one digit', text.slice(at))
    else if (++fields > 3) return problem('IPv4 address too long')
    else begin = at + 1
  }
  return problem('IPv4 address too short')
}

function readNetwork(text: string): Cidr {
  const cidr = cidrOf(text)
  if (cidr !== undefined) return cidr
  const told = 'network address parse error during conversion from string: '
  throw new Fault(`${told}${told}netip.ParsePrefix(${JSON.stringify(text)}): ${networkProblem(text)}`)
}

function networkProblem(text: string): string {
  const slash = text.lastIndexOf('/')
  if (slash < 0) return "no '/'"
  if (ipOf(text.slice(0, slash)) === undefined) return addressProblem(text.slice(0, slash))
  const bits = text.slice(slash + 1)
  return /^(?:0|[1-9]\d*)$/.test(bits) ? 'prefix length out of range' : `bad bits after slash: ${JSON.stringify(bits)}`
}

/** An address to ask a network about, which does not tell what is wrong with it. */
function asked(text: string): Ip {
  try {
    return readAddress(text)
  } catch (error) {
    throw error instanceof Fault ? noOverload() : error
  }
}

const isFour = ({ bytes }: Ip) => bytes.length === 4
const starts = ({ bytes }: Ip, ...first: number[]) => first.every((byte, at) => bytes[at] === byte)
const unspecified = ({ bytes }: Ip) => bytes.every((byte) => byte === 0)
const loopback = (ip: Ip) => (isFour(ip) ? ip.bytes[0] === 127 : ip.bytes.subarray(0, 15).every((byte) => byte === 0) && ip.bytes[15] === 1)
const multicast = (ip: Ip) => (isFour(ip) ? (ip.bytes[0]! & 0xf0) === 0xe0 : ip.bytes[0] === 0xff)
const linkLocal = (ip: Ip) => (isFour(ip) ? starts(ip, 169, 254) : ip.bytes[0] === 0xfe && (ip.bytes[1]! & 0xc0) === 0x80)
const linkLocalMulticast = (ip: Ip) => (isFour(ip) ? starts(ip, 224, 0, 0) : ip.bytes[0] === 0xff && (ip.bytes[1]! & 0x0f) === 0x02)
const globalUnicast = (ip: Ip) =>
  !(isFour(ip) && starts(ip, 255, 255, 255, 255)) && !unspecified(ip) && !loopback(ip) && !multicast(ip) && !linkLocal(ip)

const UrlValue = opaque<{ readonly text: string; readonly url: Url }>('kubernetes.URL', (a, b) => a.text === b.text)
type UrlValue = InstanceType<typeof UrlValue>

/** Formats read strings of bytes. */
const bytesOf = (text: string) => Buffer.from(text).toString('latin1')
const textOf = (bytes: string) => Buffer.from(bytes, 'latin1').toString()

/** As a request line would have it: absolute, or a path from the root. */
function urlOf(text: string): Url | undefined {
  try {
    const url = readUrl(bytesOf(text))
    // ParseRequestURI knows no fragment: what is behind a # is part of the rest there.
    const whole = readUrl(bytesOf(text).replace(/#/g, '%23'))
    return text === '*' || whole.scheme !== '' || text.startsWith('/') ? url : undefined
  } catch {
    return undefined
  }
}

function hostname(host: string): string {
  if (host.startsWith('[')) return host.slice(1, host.indexOf(']'))
  return host.replace(/:\d*$/, '')
}

function query(run: Run, raw: string): Value {
  const found = new Map<string, string[]>()
  run.spend(8 * raw.length)
  for (const pair of raw.split('&')) {
    if (pair === '' || pair.includes(';')) continue
    const equals = pair.indexOf('=')
    const parts = (equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]).map(unescaped)
    if (parts.includes(undefined)) continue
    const [key, value] = parts as [string, string]
    const values = found.get(key)
    if (values === undefined) found.set(key, [value])
    else values.push(value)
  }
  const map = new EntryMap()
  for (const [key, values] of found) map.set(key, new ItemList(values))
  return map
}

function unescaped(text: string): string | undefined {
  if (/%(?![\da-fA-F]{2})/.test(text)) return undefined
  return textOf(text.replace(/\+/g, ' ').replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))))
}

const of =
  (get: (url: Url) => string) =>
  (run: Run, { held: { url, text } }: UrlValue) => {
    run.spend(text.length)
    return textOf(get(url))
  }
const ask = (question: (ip: Ip) => boolean) => (_: Run, ip: Ip) => question(ip)

export const NET: Library = {
  'ip(string): net.IP': (_: Run, text: string) => readAddress(text),
  'isIP(string): bool': (_: Run, text: string) => ipOf(text) !== undefined,
  'ip.isCanonical(string): bool': (_: Run, text: string) => readAddress(text).toString() === text,
  '.family(net.IP): int': (_: Run, ip: Ip) => (isFour(ip) ? 4n : 6n),
  '.isUnspecified(net.IP): bool': ask(unspecified),
  '.isLoopback(net.IP): bool': ask(loopback),
  '.isLinkLocalMulticast(net.IP): bool': ask(linkLocalMulticast),
  '.isLinkLocalUnicast(net.IP): bool': ask(linkLocal),
  '.isGlobalUnicast(net.IP): bool': ask(globalUnicast),
  'string(net.IP): string': shown,
  'cidr(string): net.CIDR': (_: Run, text: string) => readNetwork(text),
  'isCIDR(string): bool': (_: Run, text: string) => cidrOf(text) !== undefined,
  '.containsIP(net.CIDR, string): bool': (_: Run, cidr: Cidr, text: string) => cidr.contains(asked(text)),
  '.containsIP(net.CIDR, net.IP): bool': (_: Run, cidr: Cidr, ip: Ip) => cidr.contains(ip),
  '.containsCIDR(net.CIDR, string): bool': (_: Run, cidr: Cidr, text: string) => holds(cidr, readNetwork(text)),
  '.containsCIDR(net.CIDR, net.CIDR): bool': (_: Run, cidr: Cidr, other: Cidr) => holds(cidr, other),
  '.ip(net.CIDR): net.IP': (_: Run, cidr: Cidr) => cidr.ip,
  '.prefixLength(net.CIDR): int': (_: Run, cidr: Cidr) => BigInt(cidr.length),
  '.masked(net.CIDR): net.CIDR': (_: Run, cidr: Cidr) => cidr.masked(),
  'string(net.CIDR): string': shown,
  'url(string): kubernetes.URL': (run: Run, text: string) => {
    run.spend(8 * text.length)
    const url = urlOf(text)
    if (url === undefined) throw new Fault(`URL parse error during conversion from string: ${JSON.stringify(text)}`)
    return new UrlValue({ text, url })
  },
  'isURL(string): bool': (run: Run, text: string) => {
    run.spend(8 * text.length)
    return urlOf(text) !== undefined
  },
  '.getScheme(kubernetes.URL): string': of(({ scheme }) => scheme),
  '.getHost(kubernetes.URL): string': of(({ host }) => host),
  '.getHostname(kubernetes.URL): string': of(({ host }) => hostname(host)),
  '.getPort(kubernetes.URL): string': of(({ host }) => /:(\d*)$/.exec(host)?.[1] ?? ''),
  '.getEscapedPath(kubernetes.URL): string': of(escapedPath),
  '.getQuery(kubernetes.URL): map(string, list(string))': (run: Run, { held: { url } }: UrlValue) => query(run, url.rawQuery),
}

const holds = (outer: Cidr, inner: Cidr) => outer.length <= inner.length && outer.contains(inner.ip)
export const isUri = (text: string) => urlOf(text) !== undefined
