// Bodies and parameters, read as OPA reads them, and refused in its words.
import { gunzipSync } from 'node:zlib'
import { readYaml } from '../../lang/rego/builtins/yaml/read.ts'
import { DEFAULT_LIMITS, Runtime, type Surroundings } from '../../lang/rego/codegen/runtime.ts'
import { printJson, readJson } from '../../lang/rego/values/text.ts'
import { type RegoObject, typeName, type Value } from '../../lang/rego/values/value.ts'
import { type Asked, header } from '../exchange.ts'
import { scanJson } from './json-scan.ts'
import { invalid } from './refusal.ts'

/** Why a text is no document. */
export class Malformed extends Error {}

/** The first value of a text; undefined where it is empty. What follows is not looked at, as by Go's decoder. Throws Malformed. */
export function readFirst(text: string): Value | undefined {
  const found = scanJson(text)
  if (found === 'empty') return undefined
  if ('fault' in found) throw new Malformed(found.fault)
  return readWhole(text.slice(0, found.end))
}

/** The only value of a text: another one behind it is refused, unless it is null. Throws Malformed. */
export function readOnly(text: string): Value {
  try {
    return readJson(text)
  } catch {
    const first = readFirst(text)
    if (first === undefined) throw new Malformed('EOF')
    const found = scanJson(text)
    const token = readToken(found === 'empty' || 'fault' in found ? '' : text.slice(found.end).trimStart())
    if (token !== undefined) throw new Malformed(`error: invalid character '${token}' after top-level value`)
    return first
  }
}

/** As Go's decoder shows the next token; undefined for null and for the end. */
function readToken(text: string): string | undefined {
  if (text[0] === '{' || text[0] === '[') return text[0]
  const value = readFirst(text)
  if (value === undefined || value === null) return undefined
  return typeof value === 'string' ? value : printJson(value)
}

function readWhole(text: string): Value {
  try {
    return readJson(text)
  } catch (error) {
    throw new Malformed((error as Error).message)
  }
}

/** The text of a body that may be compressed. Throws a Refusal, which `prefix` begins. */
export function bodyText(asked: Asked, limit: number, prefix = ''): string {
  if (!header(asked, 'content-encoding').includes('gzip')) return asked.body.toString()
  try {
    return gunzipSync(asked.body, { maxOutputLength: limit }).toString()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw invalid(`${prefix}request body too large: decompressed size exceeds limit of ${limit} bytes`)
    throw invalid(`${prefix}could not decompress the body: ${asked.body.length === 0 ? 'EOF' : 'gzip: invalid header'}`)
  }
}

/** A body in JSON, or in YAML where its type says so; undefined where there is none. Throws Malformed. */
export function readDocument(asked: Asked, text: string, surroundings: Surroundings): Value | undefined {
  if (!header(asked, 'content-type').includes('yaml')) return readFirst(text)
  if (text === '') return undefined
  try {
    return readYaml(new Runtime(DEFAULT_LIMITS, surroundings, true), text)
  } catch (error) {
    throw new Malformed((error as Error).message)
  }
}

/** A member as Go finds it for a field of a structure: by name in any case, the last one counts; null is none. */
export function field(object: RegoObject, name: string): Value | undefined {
  let found: Value | undefined
  for (const [key, value] of object.entries()) if (typeof key === 'string' && key.toLowerCase() === name) found = value
  return object.get(name) ?? found ?? undefined
}

/** What Go calls the kind of a JSON value that does not fit. */
export const goKind = (value: Value): string => (typeof value === 'boolean' ? 'bool' : typeName(value))

const GO_TYPES = {
  null: '<nil>',
  boolean: 'bool',
  number: 'json.Number',
  string: 'string',
  array: '[]interface {}',
  object: 'map[string]interface {}',
  set: 'set',
} as const

/** The type in which Go holds a value that it has read already. */
export const goType = (value: Value): string => GO_TYPES[typeName(value)]
