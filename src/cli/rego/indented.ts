import { bounded, made, walk } from '../../lang/rego/values/meter.ts'
import { printJson, quote } from '../../lang/rego/values/text.ts'
import { isArray, RegoObject, RegoSet, type Value } from '../../lang/rego/values/value.ts'

/** Names that stand before others, as in opa's documents of results; all else is sorted. */
const ORDER = ['result', 'expressions', 'bindings', 'value', 'text', 'location', 'row', 'col']

/**
 * JSON with two spaces for each level. `ordered`: the names whose place in the document OPA decides, from the outside in.
 * Throws RegoError REGO_LIMIT for a value too large, or too deep.
 */
export const indented = (value: Value, ordered: readonly string[] = []): string => bounded(() => lines(value, ordered, 0))

function lines(value: Value, ordered: readonly string[], depth: number): string {
  const pad = '  '.repeat(depth + 1)
  const end = `\n${'  '.repeat(depth)}`
  const items = value instanceof RegoSet ? value.members() : value
  if (isArray(items)) {
    walk(items.length)
    return items.length === 0 ? '[]' : made(`[\n${items.map((item) => pad + lines(item, ordered, depth + 1)).join(',\n')}${end}]`)
  }
  if (!(value instanceof RegoObject)) return printJson(value)
  if (value.size === 0) return '{}'
  walk(value.size)
  const fixed = ordered.length > 0
  const entries = fixed ? value.entries().toSorted(([a], [b]) => ORDER.indexOf(String(a)) - ORDER.indexOf(String(b))) : value.entries()
  const line = ([key, item]: readonly [Value, Value]) => {
    const inner = fixed && key !== 'value' && key !== 'bindings' ? ordered : []
    return `${pad}${quote(typeof key === 'string' ? key : printJson(key))}: ${lines(item, inner, depth + 1)}`
  }
  return made(`{\n${entries.map(line).join(',\n')}${end}}`)
}
