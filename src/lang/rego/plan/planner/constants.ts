// Terms that are values already.
import type { Term } from '../../syntax/ast.ts'
import { readNumber } from '../../values/decimal.ts'
import { RegoObject, RegoSet, type Value } from '../../values/value.ts'

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
