// YAML as Go's yaml.v3 reads it, and OPA makes JSON of it.
import { YamlFault } from '../../../../formats/go-yaml/cursor.ts'
import { parseDocuments } from '../../../../formats/go-yaml/parse.ts'
import type { Resolved } from '../../../../formats/go-yaml/resolve.ts'
import { type Maker, readNode } from '../../../../formats/go-yaml/values.ts'
import type { Runtime } from '../../codegen/runtime.ts'
import { BuiltinError } from '../../errors.ts'
import { type RegoNumber, readNumber } from '../../values/decimal.ts'
import { shortestSingle } from '../../values/double.ts'
import { RegoObject, type Value } from '../../values/value.ts'
import { fromBytes } from '../bytes.ts'

/** The first document; the others must be YAML as well. Throws BuiltinError. */
export function readYaml(runtime: Runtime, text: string): Value {
  return orBuiltinError(() => {
    const [first] = parseDocuments(text)
    return first === undefined ? null : readNode(first, makerFor(runtime))
  })
}

/** What is no YAML is an error of the builtin. */
export function orBuiltinError<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof YamlFault ? new BuiltinError(error.message) : error
  }
}

const makerFor = (runtime: Runtime): Maker<Value> => ({
  scalar: toJson,
  list: (items) => items,
  map: (entries) => RegoObject.of(entries),
  key: keyText,
  charge() {
    runtime.charge(1)
    runtime.spend(32)
  },
})

function keyText(key: Resolved | undefined): string {
  switch (key?.kind) {
    case 'binary':
      return binary(key)
    case 'string':
    case 'time':
    case 'boolean':
    case 'int':
      return String(key.value)
    case 'float':
      return floatKey(key.value as number)
    default:
      throw new BuiltinError('unsupported map key')
  }
}

function floatKey(value: number): string {
  if (Number.isNaN(value)) return '.nan'
  return Number.isFinite(value) ? shortestSingle(value) : value < 0 ? '-.inf' : '.inf'
}

const binary = ({ value }: Resolved) => fromBytes(Buffer.from(value as string, 'base64')).toWellFormed()

function toJson(resolved: Resolved): Value {
  const { kind, value } = resolved
  if (kind === 'binary') return binary(resolved)
  if (typeof value === 'bigint') return readNumber(value.toString())!
  if (kind !== 'float') return value as string | boolean | null
  if (!Number.isFinite(value)) throw new BuiltinError('json: unsupported value')
  // A whole float is a whole number in JSON.
  return readNumber(String(value)) as RegoNumber
}
