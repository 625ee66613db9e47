import { decodeBase64 } from '../../../formats/base64.ts'
import type { Builtin, Runtime } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { jsonEntries, printJson, quote, readJson } from '../values/text.ts'
import { isArray, RegoObject, RegoSet, type Value } from '../values/value.ts'
import { fromBytes, toBytes } from './bytes.ts'
import { object, text, weigh } from './operands.ts'

/** Texts in other clothes: base64, hex, JSON. */
export const ENCODING: Readonly<Record<string, Builtin>> = {
  'base64.encode': (_, a) => toBytes(text(a, 1)).toString('base64'),
  'base64.is_valid': (_, a) => typeof a === 'string' && decodeBase64(a, { padded: true }) !== undefined,
  'base64.decode': (_, a) => decoded(decodeBase64(text(a, 1), { padded: true }), 'base64'),
  'base64url.encode': (_, a) => padded(toBytes(text(a, 1)).toString('base64url')),
  'base64url.encode_no_pad': (_, a) => toBytes(text(a, 1)).toString('base64url'),
  'base64url.decode': (_, a) => decoded(decodeBase64(paddedUrl(text(a, 1)), { url: true, padded: true }), 'base64url'),
  'hex.encode': (_, a) => toBytes(text(a, 1)).toString('hex'),
  'hex.decode': (_, a) => decoded(decodeHex(text(a, 1)), 'hex'),
  'json.marshal': (runtime, a) => {
    weigh(runtime, a)
    return printJson(a)
  },
  'json.marshal_with_options': (runtime, a, b) => {
    const options = marshalOptions(object(b, 2))
    weigh(runtime, a)
    return options === undefined ? printJson(a) : options.prefix + indented(runtime, a, options.prefix, options.indent, 0)
  },
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
      JSON.parse(a)
      return true
    } catch {
      return false
    }
  },
}

/** RFC 7515, appendix C; line breaks count. */
const paddedUrl = (value: string) => (value.endsWith('=') ? value : value + ['', '=', '==', '='][value.length % 4]!)

const padded = (value: string) => value.padEnd(Math.ceil(value.length / 4) * 4, '=')

const decodeHex = (value: string) => (value.length % 2 === 0 && value.search(/[^\da-f]/i) < 0 ? Buffer.from(value, 'hex') : undefined)

function decoded(bytes: Buffer | undefined, encoding: string): string {
  if (bytes === undefined) throw new BuiltinError(`illegal ${encoding} data`)
  return fromBytes(bytes)
}

/** Undefined where nothing is to be made pretty: it is by `pretty`, and else where one says how. */
function marshalOptions(options: RegoObject): { prefix: string; indent: string } | undefined {
  let [prefix, indent, pretty] = ['', '\t', undefined as boolean | undefined]
  const string = (key: string, value: Value) => {
    if (typeof value === 'string') return value
    throw new BuiltinError(`operand 2 key ${key} failed cast to string`, 'eval_type_error')
  }
  for (const [key, value] of options.entries()) {
    if (key === 'prefix') prefix = string(key, value)
    else if (key === 'indent') indent = string(key, value)
    else if (key === 'pretty' && typeof value === 'boolean') pretty = value
    else throw new BuiltinError('operand 2 object contained an unknown key, or one of the wrong type', 'eval_type_error')
  }
  return (pretty ?? (options.has('prefix') || options.has('indent'))) ? { prefix, indent } : undefined
}

function indented(runtime: Runtime, value: Value, prefix: string, indent: string, depth: number): string {
  const parts = isArray(value)
    ? value.map((item) => indented(runtime, item, prefix, indent, depth + 1))
    : value instanceof RegoSet
      ? value.members().map((item) => indented(runtime, item, prefix, indent, depth + 1))
      : value instanceof RegoObject
        ? jsonEntries(value).map(([key, item]) => `${quote(key)}: ${indented(runtime, item, prefix, indent, depth + 1)}`)
        : undefined
  if (parts === undefined) return printJson(value)
  const [open, close] = value instanceof RegoObject ? ['{', '}'] : ['[', ']']
  if (parts.length === 0) return `${open}${close}`
  runtime.spend((prefix.length + indent.length * (depth + 1) + 2) * (parts.length + 1))
  const line = `\n${prefix}${indent.repeat(depth)}`
  return `${open}${line}${indent}${parts.join(`,${line}${indent}`)}${line}${close}`
}
