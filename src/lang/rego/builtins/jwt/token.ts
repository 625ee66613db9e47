// A token in its compact form (RFC 7515 §3.1, RFC 7519 §7.2): three parts of base64url, of which the first two are JSON objects.
import { decodeBase64 } from '../../../../formats/base64.ts'
import { BuiltinError } from '../../errors.ts'
import { readJson } from '../../values/text.ts'
import { isArray, RegoObject, type Value } from '../../values/value.ts'
import { fromBytes, toBytes } from '../bytes.ts'

export interface Token {
  readonly header: string
  readonly payload: string
  readonly signature: string
}

/** What of a header decides how the token is verified. */
export interface Header {
  readonly alg: string
  readonly kid: string
  readonly cty: string
  /** Names in `crit` that nothing here understands (RFC 7515 §4.1.11). */
  readonly criticalUnknown: boolean
}

const KNOWN: ReadonlySet<string> = new Set(['alg', 'kid', 'typ', 'cty', 'crit'])

export function splitToken(text: string): Token {
  const [header, payload, signature, ...more] = text.split('.', 4)
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0) {
    throw new BuiltinError('encoded JWT must have 3 sections')
  }
  return { header, payload, signature }
}

export const signedPart = ({ header, payload }: Token) => toBytes(`${header}.${payload}`)

/** The bytes of a part. Padding may be there or not. */
export function decodePart(part: string, name: string): Buffer {
  const padded = part.endsWith('=') ? part : part.padEnd(Math.ceil(part.length / 4) * 4, '=')
  const bytes = decodeBase64(padded, { url: true, padded: true })
  if (bytes === undefined) throw new BuiltinError(`JWT ${name} had invalid encoding`)
  return bytes
}

export function decodeHeader(token: Token): RegoObject {
  const header = jsonObject(fromBytes(decodePart(token.header, 'header')), 'header')
  if (header.has('enc')) throw new BuiltinError('JWT is a JWE object, which is not supported')
  return header
}

export function jsonObject(text: string, name: string): RegoObject {
  const value = json(text, name)
  if (value instanceof RegoObject) return value
  throw new BuiltinError(`JWT ${name} is no JSON object`)
}

function json(text: string, name: string): Value {
  try {
    // A byte that is no UTF-8 is U+FFFD in JSON.
    return readJson(text.toWellFormed())
  } catch (error) {
    throw new BuiltinError(`JWT ${name} is no JSON: ${(error as Error).message}`)
  }
}

export function readHeader(header: RegoObject): Header {
  const critical = criticalNames(header.get('crit'))
  textOf(header, 'typ')
  return {
    alg: textOf(header, 'alg'),
    kid: textOf(header, 'kid'),
    cty: textOf(header, 'cty'),
    criticalUnknown: critical.some((name) => !KNOWN.has(name) && header.has(name)),
  }
}

function textOf(header: RegoObject, name: string): string {
  const value = header.get(name)
  if (value === undefined) return ''
  if (typeof value !== 'string') throw new BuiltinError(`${name}: must be a string`)
  return value
}

/** Names up to the first that is no string; there is at least one. */
function criticalNames(value: Value | undefined): readonly string[] {
  if (value === undefined) return []
  if (!isArray(value)) throw new BuiltinError('crit: must be a list')
  const stop = value.findIndex((name) => typeof name !== 'string')
  const names = value.slice(0, stop < 0 ? value.length : stop) as string[]
  if (names.length === 0) throw new BuiltinError('crit: must be a nonempty list')
  return names
}
