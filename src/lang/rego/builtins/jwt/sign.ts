import type { Runtime } from '../../codegen/runtime.ts'
import { BuiltinError } from '../../errors.ts'
import { printJson, readJson } from '../../values/text.ts'
import type { Value } from '../../values/value.ts'
import { toBytes } from '../bytes.ts'
import { text } from '../operands.ts'
import { ALGORITHMS, signature } from './algorithms.ts'
import { readJwks } from './jwk.ts'
import { jsonObject } from './token.ts'

/** A token signed by a JWK, the first of a set. Header, payload and key are given as values, and written as JSON. */
export function encodeSign(runtime: Runtime, header: Value, payload: Value, key: Value): string {
  return signed(runtime, printJson(header), printJson(payload), printJson(key))
}

/** As encodeSign, from the texts of the three. */
export function encodeSignRaw(runtime: Runtime, header: Value, payload: Value, key: Value): string {
  return signed(runtime, text(header, 1), text(payload, 2), text(key, 3))
}

function signed(runtime: Runtime, header: string, payload: string, jwk: string): string {
  runtime.charge((header.length + payload.length + jwk.length) >> 4)
  const [first] = readJwks(jwk)
  if (first === undefined) throw new BuiltinError('no keys found in JWK set')
  const fields = jsonObject(header, 'header')
  const alg = fields.get('alg')
  const algorithm = typeof alg === 'string' ? ALGORITHMS.get(alg) : undefined
  if (algorithm === undefined) throw new BuiltinError("missing or unknown 'alg' header")
  const typ = fields.get('typ')
  if ((typeof typ !== 'string' || typ === 'JWT') && !isJson(payload)) throw new BuiltinError('type is JWT but payload is not JSON')
  const data = `${encoded(header)}.${encoded(payload)}`
  return `${data}.${signature(algorithm, first.key(), Buffer.from(data)).toString('base64url')}`
}

const encoded = (value: string) => toBytes(value).toString('base64url')

function isJson(value: string): boolean {
  try {
    readJson(value)
    return true
  } catch {
    return false
  }
}
