// What the compiler makes of parsed modules: the forms of OPA's compiled AST, and what is known of the rules as a whole.
import type { Annotations, Body, Import, Module, Ref, Rule, Term } from '../syntax/ast.ts'

/**
 * A rule whose refs are resolved (`data.…`), whose locals are `__localN__`, whose calls stand alone with their output as last
 * operand, whose `:=` and `=` are `eq`, and whose bodies are in an order in which every variable is bound before it is needed.
 */
export interface CompiledRule extends Rule {
  readonly module: CompiledModule
  /** The package's path and the head's ref: `data.a.p[x]`. */
  readonly path: Ref
  readonly else: CompiledRule | undefined
}

export interface CompiledModule extends Module {
  readonly rules: readonly CompiledRule[]
  /** The imports that were written; compiled refs need none of them. */
  readonly imports: readonly Import[]
}

/** Where rules stand under `data`: at the ground prefix of their path, as in OPA's rule tree. */
export interface RuleNode {
  /** The part of the path that leads here; the root has none. */
  readonly part: Term | undefined
  /** In the order of the modules' names, then of their text; not the `else` of a rule. */
  readonly rules: readonly CompiledRule[]
  /** By `partKey` of the part. */
  readonly children: ReadonlyMap<string, RuleNode>
  /** `data.system`: not part of what a ref over all packages sees. */
  readonly hidden: boolean
}

/** Which rules a rule (or its `else`) refers to, and which refer to it. */
export interface RuleGraph {
  dependencies(rule: CompiledRule): ReadonlySet<CompiledRule>
  dependents(rule: CompiledRule): ReadonlySet<CompiledRule>
  /** The rules that a ref may mean. */
  meant(ref: Ref): ReadonlySet<CompiledRule>
  /** Every rule after those it depends on. */
  readonly sorted: readonly CompiledRule[]
}

export interface Compiled {
  /** In the order of their names. */
  readonly modules: readonly CompiledModule[]
  /** The node above `data`. */
  readonly tree: RuleNode
  readonly graph: RuleGraph
  /** What a generated variable was called by the author. */
  readonly written: ReadonlyMap<string, string>
  /** The term for which a generated variable stands, as it was written. */
  readonly subjects: ReadonlyMap<string, Term>
  readonly annotations: readonly Annotations[]
}

/** A query as it is evaluated. */
export interface CompiledQuery {
  readonly body: Body
  /** What a generated variable was called by the author; of the query's own variables. */
  readonly written: ReadonlyMap<string, string>
  /** The term for which a generated variable stands, as it was written. */
  readonly subjects: ReadonlyMap<string, Term>
}

export function childOf<N extends { readonly children: ReadonlyMap<string, N> }>(node: N, part: Term): N | undefined {
  const key = partKey(part)
  return key === undefined ? undefined : node.children.get(key)
}

/** The node at exactly this path. */
export function nodeAt<N extends { readonly children: ReadonlyMap<string, N> }>(root: N, path: readonly Term[]): N | undefined {
  let node: N | undefined = root
  for (const part of path) {
    node = childOf(node, part)
    if (node === undefined) return undefined
  }
  return node
}

/** A constant part of a path as the key of a rule tree's child; undefined for what no child is under. */
export function partKey(part: Term): string | undefined {
  switch (part.kind) {
    case 'string':
      return `"${part.value}`
    case 'number':
      return `#${part.text}`
    case 'var':
      return part.name
    case 'boolean':
      return `!${part.value}`
    case 'null':
      return 'null!'
    default:
      return undefined
  }
}
