import type { Location, Term } from '../../syntax/ast.ts'
import { numberText, readNumber } from '../../values/decimal.ts'
import { printJson } from '../../values/text.ts'
import { isArray, isNumber, RegoObject, RegoSet, type Value } from '../../values/value.ts'

/** The value of a constant term as a JSON document has it: sets are arrays, all keys are text. Undefined for a term that is none. */
export function constantOf(term: Term): Value | undefined {
  switch (term.kind) {
    case 'null':
      return null
    case 'boolean':
    case 'string':
      return term.value
    case 'number':
      return readNumber(term.text)
    case 'array':
    case 'set':
      return all(term.items)
    case 'object': {
      const keys = all(term.entries.map(([key]) => key))
      const values = all(term.entries.map(([, value]) => value))
      return keys && values && RegoObject.of(keys.map((key, at) => [typeof key === 'string' ? key : printJson(key), values[at]!]))
    }
    default:
      return undefined
  }
}

function all(terms: readonly Term[]): Value[] | undefined {
  const values: Value[] = []
  for (const term of terms) {
    const value = constantOf(term)
    if (value === undefined) return undefined
    values.push(value)
  }
  return values
}

/** The term that a value is of, as if it stood there. */
export function termOf(value: Value, at: Location): Term {
  if (value === null) return { kind: 'null', at }
  if (typeof value === 'string') return { kind: 'string', value, at }
  if (typeof value === 'boolean') return { kind: 'boolean', value, at }
  if (isNumber(value)) return { kind: 'number', text: numberText(value), at }
  const of = (inner: Value) => termOf(inner, at)
  if (isArray(value)) return { kind: 'array', items: value.map(of), at }
  if (value instanceof RegoSet) return { kind: 'set', items: value.members().map(of), at }
  return { kind: 'object', entries: value.entries().map(([key, item]) => [of(key), of(item)]), at }
}
