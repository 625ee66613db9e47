import { Document, isScalar, visit } from 'yaml'
import { escaped, jsonText, UNSAFE } from './json.ts'

const CONTROL = /\p{Cc}/u

/** The YAML of what would be written as JSON. A string with anything unsafe in it is in double quotes, where an escape is an escape. */
export function yamlText(value: unknown): string {
  const document = new Document(JSON.parse(jsonText(value)), { aliasDuplicateObjects: false })
  visit(document, {
    Scalar: (_key, node) => {
      if (!isScalar(node) || typeof node.value !== 'string') return
      if (CONTROL.test(node.value) || node.value.search(UNSAFE) >= 0) node.type = 'QUOTE_DOUBLE'
    },
  })
  return escaped(document.toString({ lineWidth: 0 }))
}
