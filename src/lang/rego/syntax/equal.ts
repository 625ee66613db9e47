// Which nodes say the same thing, wherever they stand.
import { numberKey, readNumber } from '../values/decimal.ts'
import type { Body, Term } from './ast.ts'

/** The same text for terms that are structurally equal in OPA's sense, and for no others: places do not count, nor how a number is written. */
export function termKey(node: Term | Body): string {
  return JSON.stringify(node, (name, value: unknown) => (name === 'at' || name === 'generated' ? undefined : plain(value)))
}

function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return value
  const node = value as Term
  if (node.kind === 'number') {
    const number = readNumber(node.text)
    return { number: number === undefined ? node.text : numberKey(number) }
  }
  if (node.kind === 'set' && node.items.length > 1) return { set: node.items.map(termKey).sort() }
  if (node.kind === 'object' && node.entries.length > 1) {
    return { object: node.entries.map(([key, item]) => [termKey(key), termKey(item)] as const).sort(([a], [b]) => (a < b ? -1 : 1)) }
  }
  return node
}
