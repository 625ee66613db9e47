// Paths of documents in URLs as refs: `a/b%2Fc/0` is `data.a["b/c"][0]`.

import type { RuleNode } from '../../lang/rego/compile/compiled.ts'
import { childOf } from '../../lang/rego/compile/compiled.ts'
import type { Location, Term } from '../../lang/rego/syntax/ast.ts'
import { printParts } from '../../lang/rego/syntax/print.ts'
import { string, variable } from '../../lang/rego/syntax/terms.ts'
import { wholeNumber } from './documents.ts'
import { unescaped } from './target.ts'

const NOWHERE: Location = { file: '', row: 1, col: 1, start: 0, end: 0 }

export interface DocumentRef {
  readonly parts: readonly Term[]
  /** As a query. */
  readonly text: string
}

/** Undefined parts and slashes are passed over. The text of a part that cannot be in a ref is thrown as BadPart. */
export function readRef(escaped: string): DocumentRef {
  const parts: Term[] = [variable('data', NOWHERE)]
  for (const written of escaped.split('/')) {
    if (written === '') continue
    const part = unescaped(written) ?? written
    if (part.includes('"')) throw new BadPart(part)
    const index = wholeNumber(part)
    parts.push(index === undefined ? string(part, NOWHERE) : { kind: 'number', text: String(index), at: NOWHERE })
  }
  return { parts, text: printParts(parts) }
}

export class BadPart extends Error {
  constructor(part: string) {
    super(`invalid ref term '${part}'`)
  }
}

/** Whether rules make what is at a path, or something that contains it. */
export function isMadeByRules(tree: RuleNode, parts: readonly Term[]): boolean {
  let node: RuleNode | undefined = tree
  for (const part of parts) {
    node = childOf(node, part)
    if (node === undefined) return false
    if (node.rules.length > 0) return true
  }
  return false
}
