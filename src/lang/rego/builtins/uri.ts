import type { Builtin } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { compareStrings } from '../values/order.ts'
import { printJson } from '../values/text.ts'
import { isArray, RegoObject, RegoSet, type Value } from '../values/value.ts'
import { fromBytes, toBytes } from './bytes.ts'
import { parseAddress } from './ip.ts'
import { object, text } from './operands.ts'

/** URIs and their queries, as Go's net/url has them. */
export const URI: Readonly<Record<string, Builtin>> = {
  'uri.parse': (_, a) => parseUri(text(a, 1)),
  'uri.is_valid': (_, a) => {
    if (typeof a !== 'string' || a === '') return false
    try {
      parseUri(a)
      return true
    } catch (error) {
      if (error instanceof BuiltinError) return false
      throw error
    }
  },
  'urlquery.encode': (_, a) => escapeQuery(text(a, 1)),
  'urlquery.decode': (_, a) => unescapeQuery(text(a, 1)),
  'urlquery.encode_object': (_, a) => {
    const pairs = object(a, 1)
      .entries()
      .map(([key, value]) => [typeof key === 'string' ? key : printJson(key), value] as const)
      .sort(([one], [other]) => compareStrings(one, other))
      .flatMap(([key, value]) => strings(value).map((item) => `${escapeQuery(key)}=${escapeQuery(item)}`))
    return pairs.join('&')
  },
  'urlquery.decode_object': (_, a) => decodeQuery(text(a, 1)),
}

function strings(value: Value): readonly string[] {
  const all = value instanceof RegoSet ? value.members() : isArray(value) ? value : [value]
  return all.map((item) => {
    if (typeof item === 'string') return item
    throw new BuiltinError('operand 1 values must be string, array[string], or set[string]', 'eval_type_error')
  })
}

/** More fields than this are refused by Go. */
const MAX_FIELDS = 10_000

function decodeQuery(query: string): RegoObject {
  const fields = query.split('&')
  if (fields.length > MAX_FIELDS) throw new BuiltinError('number of URL query parameters exceeded limit')
  const found = new Map<string, string[]>()
  for (const field of fields) {
    if (field === '') continue
    if (field.includes(';')) throw new BuiltinError('invalid semicolon separator in query')
    const at = field.indexOf('=')
    const key = unescapeQuery(at < 0 ? field : field.slice(0, at))
    const values = found.get(key) ?? []
    values.push(at < 0 ? '' : unescapeQuery(field.slice(at + 1)))
    found.set(key, values)
  }
  return RegoObject.of(found)
}

const hex = (bytes: Buffer) => bytes.toString('hex').toUpperCase().replace(/../g, '%$&')

/** All but letters, digits and `-_.~`. */
const escapeQuery = (value: string) =>
  value.replace(/[^\w.~-]+/g, (part) =>
    part
      .split(' ')
      .map((each) => hex(toBytes(each)))
      .join('+'),
  )
const unescapeQuery = (value: string) => decodePercent(value.replaceAll('+', ' '))

function decodePercent(value: string): string {
  const bad = /%(?![\da-f]{2}).{0,2}/is.exec(value)
  if (bad !== null) throw new BuiltinError(`invalid URL escape ${JSON.stringify(bad[0])}`)
  if (!value.includes('%')) return value
  const parts = value.split(/((?:%[\da-f]{2})+)/i)
  return fromBytes(Buffer.concat(parts.map((part, at) => (at % 2 === 1 ? Buffer.from(part.replaceAll('%', ''), 'hex') : toBytes(part)))))
}

/** The parts that a URI has: scheme, hostname, port, path, raw_path, raw_query, fragment. Throws BuiltinError. */
export function parseUri(written: string): RegoObject {
  const [, uri, fragment] = /^([^#]*)(?:#(.*))?$/s.exec(written)!
  if (/[\x00-\x1f\x7f]/.test(uri!)) throw new BuiltinError('invalid control character in URL')
  const parts = new RegoObject()
  const set = (name: string, value: string) => {
    if (value !== '') parts.set(name, value)
  }
  const [, scheme, behind] = /^(?:([a-z][a-z\d+.-]*):)?(.*)$/is.exec(uri!)!
  if (uri!.startsWith(':')) throw new BuiltinError('missing protocol scheme')
  set('scheme', (scheme ?? '').toLowerCase())
  const mark = behind!.indexOf('?')
  const rest = mark < 0 ? behind! : behind!.slice(0, mark)
  if (mark >= 0) set('raw_query', behind!.slice(mark + 1))
  const path = uri === '*' ? uri : hierarchy(scheme, rest, set)
  if (path !== undefined && path !== '') {
    const plain = decodePercent(path)
    set('path', plain)
    set('raw_path', path === escapePath(plain) ? plain : path)
  }
  set('fragment', decodePercent(fragment ?? ''))
  return parts
}

/** Sets what the authority says and answers the path; undefined for what has no hierarchy, as `mailto:x`. */
function hierarchy(scheme: string | undefined, rest: string, set: (name: string, value: string) => void): string | undefined {
  if (!rest.startsWith('/')) {
    if (scheme !== undefined) return undefined
    if (rest.split('/')[0]!.includes(':')) throw new BuiltinError('first path segment in URL cannot contain colon')
  }
  if (!rest.startsWith('//') || (scheme === undefined && rest.startsWith('///'))) return rest
  const end = rest.indexOf('/', 2)
  const authority = rest.slice(2, end < 0 ? undefined : end)
  const at = authority.lastIndexOf('@')
  const [name, port] = splitPort(parseHost(scheme?.toLowerCase(), authority.slice(at + 1)))
  if (at >= 0) {
    if (!/^[\w\-.:~!$&'()*+,;=%@]*$/.test(authority.slice(0, at))) throw new BuiltinError('invalid userinfo')
    decodePercent(authority.slice(0, at))
  }
  set('hostname', name)
  set('port', port)
  return end < 0 ? '' : rest.slice(end)
}

function parseHost(scheme: string | undefined, host: string): string {
  const open = host.lastIndexOf('[')
  if (open > 0) throw new BuiltinError('invalid IP-literal')
  if (open === 0) {
    const close = host.lastIndexOf(']')
    if (close < 0) throw new BuiltinError("missing ']' in host")
    checkPort(host.slice(close + 1))
    const inside = host.slice(1, close)
    const zone = inside.indexOf('%25')
    const name = zone < 0 ? unescapeHost(inside) : unescapeHost(inside.slice(0, zone)) + unescapeZone(inside.slice(zone))
    if (parseAddress(name)?.bits !== 128) throw new BuiltinError('invalid host')
    return `[${name}]${host.slice(close + 1)}`
  }
  const colon = scheme === 'http' || scheme === 'https' ? host.indexOf(':') : host.lastIndexOf(':')
  if (colon >= 0) checkPort(host.slice(colon))
  return unescapeHost(host)
}

function checkPort(port: string): void {
  if (!/^(?::\d*)?$/.test(port)) throw new BuiltinError(`invalid port ${JSON.stringify(port)} after host`)
}

/** RFC 3986 lets hosts escape only what is beyond ASCII. */
function unescapeHost(host: string): string {
  if (/%[0-7]/.test(host.replaceAll('%25', ''))) throw new BuiltinError('invalid URL escape in host')
  checkHost(host)
  return decodePercent(host)
}

function unescapeZone(zone: string): string {
  const plain = decodePercent(zone)
  checkHost(zone)
  if (/[^\w\-.~!$&'()*+,;=:[\]<>"% \u0080-\u{10ffff}]/u.test(plain)) throw new BuiltinError('invalid URL escape in host')
  return plain
}

function checkHost(host: string): void {
  if (/[^\w\-.~!$&'()*+,;=:[\]<>"%\u0080-\u{10ffff}]/u.test(host)) throw new BuiltinError('invalid character in host name')
}

function splitPort(host: string): readonly [string, string] {
  const found = /^(.*?)(?::(\d*))?$/s.exec(host)!
  const name = found[1]!
  return [name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name, found[2] ?? '']
}

const escapePath = (path: string) => path.replace(/[^\w\-.~$&+,/:;=@]+/g, (part) => hex(toBytes(part)))
