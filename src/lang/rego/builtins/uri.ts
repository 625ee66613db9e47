import { ThymusError } from '../../../core/errors.ts'
import { readUrl, type Url } from '../../../formats/url.ts'
import type { Builtin } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { compareStrings } from '../values/order.ts'
import { printJson } from '../values/text.ts'
import { isArray, RegoObject, RegoSet, type Value } from '../values/value.ts'
import { fromBytes, toBytes } from './bytes.ts'
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
  const { scheme, host, path, rawPath, rawQuery, fragment } = read(written)
  const parts = new RegoObject()
  const set = (name: string, value: string) => {
    if (value !== '') parts.set(name, fromBytes(Buffer.from(value, 'latin1')))
  }
  const [hostname, port] = splitPort(host)
  set('scheme', scheme)
  set('hostname', hostname)
  set('port', port)
  set('path', path)
  set('raw_path', rawPath === '' ? path : rawPath)
  set('raw_query', rawQuery)
  set('fragment', fragment)
  return parts
}

/** One character is one byte. */
function read(written: string): Url {
  try {
    return readUrl(toBytes(written).toString('latin1'))
  } catch (error) {
    if (error instanceof ThymusError) throw new BuiltinError(error.message)
    throw error
  }
}

function splitPort(host: string): readonly [string, string] {
  const found = /^(.*?)(?::(\d*))?$/s.exec(host)!
  const name = found[1]!
  return [name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name, found[2] ?? '']
}
