// OPA's compliance cases as they are written: YAML of Go's kind, numbers without loss, and its plain `yes` that may be a boolean.
import { readFileSync } from 'node:fs'
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type Scalar } from 'yaml'
import { readNumber } from '../../src/lang/rego/values/decimal.ts'
import { RegoObject, type Value } from '../../src/lang/rego/values/value.ts'

/** How plain `yes`, `no`, `on` and `off` are read. */
export type Yes = 'strings' | 'booleans'

/** The cases of a file. Throws for what is no YAML. */
export function readCases(file: string, yes: Yes): readonly RegoObject[] {
  const document = parseDocument(readFileSync(file, 'utf8'), { lineCounter: new LineCounter(), uniqueKeys: false, logLevel: 'silent' })
  const [error] = document.errors
  if (error !== undefined) throw error
  const top = valueAt(document.contents, document, yes)
  const cases = top instanceof RegoObject ? top.get('cases') : undefined
  return Array.isArray(cases) ? cases.filter((item) => item instanceof RegoObject) : []
}

function valueAt(node: unknown, document: Document, yes: Yes): Value {
  if (isAlias(node)) return valueAt(node.resolve(document), document, yes)
  if (isSeq(node)) return node.items.map((item) => valueAt(item, document, yes))
  if (isMap(node)) return RegoObject.of(node.items.map(({ key, value }) => [keyOf(key as Node, document), valueAt(value, document, yes)]))
  return isScalar(node) ? scalarOf(node, yes) : null
}

/** Keys are strings in JSON, whatever they are in YAML. */
function keyOf(node: Node, document: Document): string {
  if (isAlias(node)) return keyOf(node.resolve(document)!, document)
  return isScalar(node) ? (node.source ?? String(node.value)) : String(node)
}

function scalarOf({ value, source = '', type }: Scalar, yes: Yes): Value {
  if (typeof value === 'number') return readNumber(source) ?? readNumber(String(value)) ?? null
  if (typeof value === 'boolean' || value === null) return value
  const text = String(value)
  if (yes === 'booleans' && type === 'PLAIN' && /^(?:yes|on|no|off|y|n)$/i.test(text)) return /^(?:yes|on|y)$/i.test(text)
  return text
}
