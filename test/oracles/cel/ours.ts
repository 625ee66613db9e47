// Our own answers in the oracle's form.
import { ThymusError } from '../../../src/core/errors.ts'
import { compileCel, DYN } from '../../../src/lang/cel/cel.ts'
import { showType } from '../../../src/lang/cel/types.ts'
import { CelMap, Instant, List, Optional, Span, TypeValue, typeName, Uint, type Value } from '../../../src/lang/cel/values.ts'
import type { Answer, Question } from './oracle.ts'

const NAMES = ['object', 'oldObject', 'request', 'params', 'namespaceObject', 'variables']
const VARIABLES = Object.fromEntries(NAMES.map((name) => [name, DYN]))
const NOTHING = Object.fromEntries(NAMES.map((name) => [name, null]))
const ERRORS: Readonly<Record<string, Answer['error']>> = { CEL_REJECTED: 'compile', CEL_EVAL: 'eval', CEL_LIMIT: 'limit' }

/** Throws what is no coded error. */
export function answerOf({ expression, variables }: Question): Answer {
  try {
    const compiled = compileCel(expression, { variables: VARIABLES })
    const { value, cost } = compiled.evaluate({ ...NOTHING, ...variables })
    return { value: plain(value), type: showType(compiled.type), cost }
  } catch (error) {
    const kind = error instanceof ThymusError ? ERRORS[error.code] : undefined
    if (kind === undefined) throw new Error(`${expression}: ${(error as Error).stack}`)
    return { error: kind, message: (error as Error).message, cost: 0 }
  }
}

function plain(value: Value): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'bigint') return `int:${value}`
  if (typeof value === 'number') return Number.isNaN(value) ? 'double:NaN' : `double:${bits(value).toString(16)}`
  if (value instanceof Uint) return `uint:${value.value}`
  if (value instanceof Uint8Array) return `bytes:${Buffer.from(value).toString('base64')}`
  if (value instanceof Instant) {
    const nanos = ((value.nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
    return `timestamp:${(value.nanos - nanos) / 1_000_000_000n}.${nanos}`
  }
  if (value instanceof Span) return `duration:${value.nanos}`
  if (value instanceof Optional) return value.value === undefined ? { optional: false } : { optional: true, value: plain(value.value) }
  if (value instanceof CelMap) {
    const keys = [...value.keys()]
    return {
      map: Object.fromEntries(keys.map((key) => [`${typeName(key)}:${key instanceof Uint ? key.value : key}`, plain(value.get(key)!)])),
    }
  }
  if (value instanceof List) return [...value].map(plain)
  return value instanceof TypeValue ? `type:${value.name}` : `opaque:${typeName(value)}`
}

function bits(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  return view.getBigUint64(0)
}
