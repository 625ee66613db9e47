// URLs as Go's net/url takes them apart, which is what certificates and policies are judged by: the WHATWG's URL of JavaScript mends what
// this refuses. Strings of bytes: one character is one byte.
import { ThymusError } from '../core/errors.ts'
import { readIp } from './ip.ts'

export interface Url {
  /** In lower case; empty where there is none. */
  readonly scheme: string
  /** What follows the scheme where no slash does, as in `mailto:a@b`. */
  readonly opaque: string
  /** Name and password; undefined where there is none. */
  readonly user: { readonly name: string; readonly password?: string } | undefined
  /** With port, and brackets around IPv6. */
  readonly host: string
  readonly path: string
  /** As written, where that differs from `path` escaped anew. */
  readonly rawPath: string
  readonly rawQuery: string
  readonly fragment: string
  readonly rawFragment: string
  /** A question mark at the end, and nothing behind it. */
  readonly forceQuery: boolean
  /** A path with slash follows the scheme at once. */
  readonly omitHost: boolean
}

type Part = 'path' | 'fragment' | 'user' | 'host'

/** What stands unescaped in each part. */
const PLAIN: Readonly<Record<Part, RegExp>> = {
  path: /[\w\-.~$&+,/:;=@]/,
  fragment: /[\w\-.~$&+,/:;=?@!()*]/,
  user: /[\w\-.~$&+,;=]/,
  host: /[\w\-.~!$&'()*+,;=:[\]<>"]/,
}

/** What does not. */
const OTHER = Object.fromEntries(
  Object.entries(PLAIN).map(([part, { source }]) => [part, new RegExp(source.replace('[', '[^'), 'g')]),
) as Readonly<Record<Part, RegExp>>
/** By byte. */
const ESCAPED = Array.from({ length: 256 }, (_, byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
const VALID = { path: /^[\w\-.~$&+,/:;=@!'()*[\]%]*$/, fragment: /^[\w\-.~$&+,/:;=?@!()*'[\]%]*$/ }

/** @throws ThymusError FORMAT */
export function readUrl(text: string): Url {
  const hash = text.indexOf('#')
  const before = hash < 0 ? text : text.slice(0, hash)
  if (/[\x00-\x1f\x7f]/.test(before)) fail('a control character')
  const rawFragment = hash < 0 ? '' : text.slice(hash + 1)
  const fragment = decoded(rawFragment)
  const end = { fragment, rawFragment: encoded(fragment, 'fragment') === rawFragment ? '' : rawFragment }
  const none = {
    scheme: '',
    opaque: '',
    user: undefined,
    host: '',
    path: '',
    rawPath: '',
    rawQuery: '',
    forceQuery: false,
    omitHost: false,
  }
  if (before === '*') return { ...none, ...end, path: '*' }
  const { scheme, rest } = splitScheme(before)
  const mark = rest.indexOf('?')
  const forceQuery = mark >= 0 && mark === rest.length - 1
  const query = { rawQuery: mark < 0 ? '' : rest.slice(mark + 1), forceQuery }
  const behind = mark < 0 ? rest : rest.slice(0, mark)
  const base = { ...none, ...end, ...query, scheme }
  if (!behind.startsWith('/')) {
    if (scheme !== '') return { ...base, opaque: behind }
    if (behind.split('/', 1)[0]!.includes(':')) fail('the first part of a path has a colon')
  }
  const hasAuthority = behind.startsWith('//') && (scheme !== '' || !behind.startsWith('///'))
  if (!hasAuthority) return { ...base, ...readPath(behind), omitHost: scheme !== '' && behind.startsWith('/') }
  const slash = behind.indexOf('/', 2)
  const authority = slash < 0 ? behind.slice(2) : behind.slice(2, slash)
  return { ...base, ...readAuthority(scheme, authority), ...readPath(slash < 0 ? '' : behind.slice(slash)) }
}

/** The text again, as Go's String writes it. */
export function showUrl(url: Url): string {
  const { scheme, opaque, user, host, rawQuery, fragment } = url
  const tail =
    (url.forceQuery || rawQuery !== '' ? `?${rawQuery}` : '') +
    (fragment === '' ? '' : `#${asWritten(url.rawFragment, fragment, 'fragment')}`)
  const head = scheme === '' ? '' : `${scheme}:`
  if (opaque !== '') return head + opaque + tail
  let text = head
  const named = host !== '' || user !== undefined
  if ((scheme !== '' && !url.omitHost) || named) {
    if (named || url.path !== '') text += '//'
    if (user !== undefined)
      text += `${encoded(user.name, 'user')}${user.password === undefined ? '' : `:${encoded(user.password, 'user')}`}@`
    text += encoded(host, 'host')
  }
  const path = escapedPath(url)
  if (path !== '' && !path.startsWith('/') && host !== '') text += '/'
  if (text === '' && path.split('/', 1)[0]!.includes(':')) text = './'
  return text + path + tail
}

/** The path as it is sent. */
export function escapedPath({ path, rawPath }: Url): string {
  return path === '*' && rawPath === '' ? '*' : asWritten(rawPath, path, 'path')
}

function splitScheme(text: string): { scheme: string; rest: string } {
  if (text.startsWith(':')) fail('no scheme before the colon')
  const scheme = /^[a-zA-Z][a-zA-Z\d+.-]*(?=:)/.exec(text)?.[0]
  return scheme === undefined ? { scheme: '', rest: text } : { scheme: scheme.toLowerCase(), rest: text.slice(scheme.length + 1) }
}

function readPath(written: string): { path: string; rawPath: string } {
  const path = decoded(written)
  return { path, rawPath: encoded(path, 'path') === written ? '' : written }
}

function readAuthority(scheme: string, authority: string): { user: Url['user']; host: string } {
  const at = authority.lastIndexOf('@')
  const host = readHost(scheme, authority.slice(at + 1))
  if (at < 0) return { user: undefined, host }
  const written = authority.slice(0, at)
  if (!/^[\w\-.:~!$&'()*+,;=%@]*$/.test(written)) fail('a character that no user name has')
  const colon = written.indexOf(':')
  if (colon < 0) return { user: { name: decoded(written) }, host }
  return { user: { name: decoded(written.slice(0, colon)), password: decoded(written.slice(colon + 1)) }, host }
}

function readHost(scheme: string, host: string): string {
  const open = host.lastIndexOf('[')
  if (open > 0) fail('a bracket within a host')
  if (open === 0) {
    const close = host.lastIndexOf(']')
    if (close < 0) fail('a bracket is not closed')
    const port = optionalPort(host.slice(close + 1))
    const inside = host.slice(1, close)
    const zone = inside.indexOf('%25')
    const address = unescapeHost(zone < 0 ? inside : inside.slice(0, zone))
    const name = zone < 0 ? '' : unescapeZone(inside.slice(zone))
    if (!address.includes(':') || readIp(address) === undefined || name === '%') fail('no IPv6 address within brackets')
    return `[${address}${name}]${port}`
  }
  const colon = scheme === 'http' || scheme === 'https' ? host.indexOf(':') : host.lastIndexOf(':')
  if (colon >= 0) optionalPort(host.slice(colon))
  return unescapeHost(host)
}

function optionalPort(text: string): string {
  return /^(?::\d*)?$/.test(text) ? text : fail('no port behind the host')
}

/** A host escapes only what is no ASCII (RFC 3986 §3.2.2), and a percent sign (RFC 6874). */
function unescapeHost(text: string): string {
  for (const [escaped] of text.matchAll(/%[0-7][\da-fA-F]/g)) if (escaped !== '%25') fail('an escape in a host')
  checkPlain(text)
  return decoded(text)
}

function unescapeZone(text: string): string {
  for (const [escaped] of text.matchAll(/%[\da-fA-F]{2}/g)) {
    const plain = decoded(escaped)
    if (escaped !== '%25' && plain !== ' ' && !PLAIN.host.test(plain)) fail('an escape in a zone')
  }
  checkPlain(text)
  return decoded(text)
}

function checkPlain(host: string): void {
  for (const c of host) if (c < '\x80' && c !== '%' && !PLAIN.host.test(c)) fail('a character that no host has')
}

function decoded(text: string): string {
  if (/%(?![\da-fA-F]{2})/.test(text)) fail('a percent sign that escapes nothing')
  if (!text.includes('%')) return text
  const bytes = Buffer.from(text, 'latin1')
  let end = 0
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== PERCENT) bytes[end++] = bytes[at]!
    else {
      bytes[end++] = (digit(bytes[at + 1]!) << 4) | digit(bytes[at + 2]!)
      at += 2
    }
  }
  return bytes.toString('latin1', 0, end)
}

const PERCENT = 0x25
/** Of a hexadecimal one in ASCII. */
const digit = (byte: number) => (byte & 0xf) + (byte > 0x39 ? 9 : 0)

function encoded(text: string, part: Part): string {
  return text.replace(OTHER[part], (c) => ESCAPED[c.charCodeAt(0)]!)
}

/** The escaping that was there, if it is a valid one of the same text. */
function asWritten(raw: string, plain: string, part: 'path' | 'fragment'): string {
  const valid = raw !== '' && VALID[part].test(raw)
  return valid && decoded(raw) === plain ? raw : encoded(plain, part)
}

function fail(what: string): never {
  throw new ThymusError('FORMAT', `no URL: ${what}`)
}
