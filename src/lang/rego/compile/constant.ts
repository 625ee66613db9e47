// Terms that are values as they stand, and values as terms.
import type { Location, Term } from '../syntax/ast.ts'
import { numberText, readNumber } from '../values/decimal.ts'
import { printJson } from '../values/text.ts'
import { isArray, isNumber, RegoObject, RegoSet, type Value } from '../values/value.ts'

/** The value of a term in which nothing is left to find out. */
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
      return constantsOf(term.items)
    case 'set': {
      const items = constantsOf(term.items)
      return items && RegoSet.of(items)
    }
    case 'object': {
      const values = constantsOf(term.entries.flat())
      return values && RegoObject.of(term.entries.map((_, at) => [values[2 * at]!, values[2 * at + 1]!]))
    }
    default:
      return undefined
  }
}

function constantsOf(terms: readonly Term[]): Value[] | undefined {
  const values: Value[] = []
  for (const term of terms) {
    const value = constantOf(term)
    if (value === undefined) return undefined
    values.push(value)
  }
  return values
}

/** Such a value as a JSON document has it: sets are arrays, and all keys are text. */
export function documentOf(term: Term): Value | undefined {
  const value = constantOf(term)
  return typeof value === 'object' ? asDocument(value) : value
}

function asDocument(value: Value): Value {
  if (isArray(value)) return value.map(asDocument)
  if (value instanceof RegoSet) return value.members().map(asDocument)
  if (!(value instanceof RegoObject)) return value
  return RegoObject.of(value.entries().map(([key, item]) => [typeof key === 'string' ? key : printJson(key), asDocument(item)]))
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
