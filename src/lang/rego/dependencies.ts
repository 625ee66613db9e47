// What a query depends on: base documents (input and data) that must be there, and virtual ones that rules make.
import type { CompiledQuery, CompiledRule } from './compile/compiled.ts'
import { startsAt } from './compile/terms.ts'
import { partsText } from './compile/text.ts'
import type { Policy } from './policy.ts'
import type { Ref, Term } from './syntax/ast.ts'
import { groundPrefix } from './syntax/ground.ts'
import { compareRefs } from './syntax/order.ts'
import { type Node, walkBody, walkRule } from './syntax/walk.ts'

export interface Dependencies {
  /** Refs, each as its parts, sorted; none of them below another. */
  readonly base: readonly (readonly Term[])[]
  /** The ground parts of the rules' paths, sorted. */
  readonly virtual: readonly (readonly Term[])[]
}

/** Of a compiled query, through all rules that it leads to. */
export function dependenciesOf({ compiled }: Policy, query: CompiledQuery): Dependencies {
  const base = new Map<string, readonly Term[]>()
  const rules = new Set<CompiledRule>()
  const visit = (node: Node): boolean => {
    if (node.kind !== 'ref' || !(startsAt(node, 'data') || startsAt(node, 'input'))) return false
    const meant = startsAt(node, 'data') ? compiled.graph.meant(node as Ref) : []
    let found = false
    for (const rule of meant) {
      found = true
      rules.add(rule)
    }
    const parts = groundPrefix(node.parts)
    if (!found && parts.length > 1) base.set(partsText(parts), parts)
    return false
  }
  walkBody(query.body, visit)
  for (const rule of rules) {
    for (let each: CompiledRule | undefined = rule; each !== undefined; each = each.else) {
      walkRule(each, visit)
    }
  }
  const virtual = new Map([...rules].map(({ path }) => groundPrefix(path.parts)).map((parts) => [partsText(parts), parts]))
  return { base: outermost([...base.values()].toSorted(compareRefs)), virtual: [...virtual.values()].toSorted(compareRefs) }
}

/** Without what lies below another one; a ref comes before those that begin with it. */
function outermost(refs: readonly (readonly Term[])[]): readonly (readonly Term[])[] {
  const kept: (readonly Term[])[] = []
  for (const ref of refs) {
    const last = kept.at(-1)
    if (last === undefined || compareRefs(last, ref.slice(0, last.length)) !== 0) kept.push(ref)
  }
  return kept
}
