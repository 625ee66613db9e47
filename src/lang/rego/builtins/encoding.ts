import type { Builtin } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { printJson, readJson } from '../values/text.ts'
import { mustBe, text } from './operands.ts'

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const BASE64URL = /^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}(?:==)?|[A-Za-z0-9_-]{3}=?)?$/

/** Texts in other clothes: base64, hex, JSON, URL queries. Bytes that are no UTF-8 become U+FFFD. */
export const ENCODING: Readonly<Record<string, Builtin>> = {
  'base64.encode': (_, a) => Buffer.from(text(a, 1)).toString('base64'),
  'base64.is_valid': (_, a) => typeof a === 'string' && BASE64.test(a.replace(/[\r\n]/g, '')),
  'base64.decode': (_, a) => decoded(text(a, 1).replace(/[\r\n]/g, ''), BASE64, 'base64'),
  'base64url.encode': (_, a) => padded(Buffer.from(text(a, 1)).toString('base64url')),
  'base64url.encode_no_pad': (_, a) => Buffer.from(text(a, 1)).toString('base64url'),
  'base64url.decode': (_, a) => decoded(text(a, 1).replace(/[\r\n]/g, ''), BASE64URL, 'base64url'),
  'hex.encode': (_, a) => Buffer.from(text(a, 1)).toString('hex'),
  'hex.decode': (_, a) => decoded(text(a, 1), /^(?:[0-9a-fA-F]{2})*$/, 'hex'),
  'json.marshal': (_, a) => printJson(a),
  'json.unmarshal': (_, a) => {
    try {
      return readJson(text(a, 1))
    } catch (error) {
      if (error instanceof BuiltinError) throw error
      throw new BuiltinError(`no JSON: ${(error as Error).message}`)
    }
  },
  'json.is_valid': (_, a) => {
    if (typeof a !== 'string') return false
    try {
      readJson(a)
      return true
    } catch {
      return false
    }
  },
  'urlquery.encode': (_, a) => escaped(text(a, 1)),
  'urlquery.decode': (_, a) => {
    mustBe(a, 1, 'string')
    try {
      return decodeURIComponent((a as string).replaceAll('+', ' '))
    } catch {
      throw new BuiltinError('invalid URL escape')
    }
  },
}

const padded = (value: string) => value.padEnd(Math.ceil(value.length / 4) * 4, '=')

/** As Go's QueryEscape. */
const escaped = (value: string) =>
  encodeURIComponent(value.toWellFormed())
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')

function decoded(value: string, shape: RegExp, encoding: BufferEncoding): string {
  if (!shape.test(value)) throw new BuiltinError(`illegal ${encoding} data`)
  return Buffer.from(value, encoding).toString()
}
