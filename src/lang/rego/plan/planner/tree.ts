// Which rules answer for a place below `data`.
import { type Compiled, type CompiledRule, partKey, type RuleNode } from '../../compile/compiled.ts'
import { constantOf } from '../../compile/constant.ts'
import type { Term } from '../../syntax/ast.ts'
import { equal } from '../../values/order.ts'

/** Rules that make up one document: all those of a complete rule, of a function, or below a path that goes on with a variable. */
export interface Group {
  /** `data` and the names below it, where the document stands. */
  readonly path: readonly string[]
  /** Of its own among all groups. */
  readonly name: string
  readonly rules: readonly CompiledRule[]
  readonly kind: 'value' | 'set' | 'object'
  readonly isFunction: boolean
  readonly arity: number
}

export class RuleTree {
  readonly root: RuleNode | undefined
  readonly #compiled: Compiled
  readonly #groups = new Map<RuleNode, Group>()
  readonly #circular = new Map<Group, boolean>()

  constructor(compiled: Compiled) {
    this.#compiled = compiled
    this.root = compiled.tree.children.get('data')
  }

  /** The node at a path of strings that begins with `data`. */
  find(path: readonly string[]): RuleNode | undefined {
    let node = path[0] === 'data' ? this.root : undefined
    for (const part of path.slice(1)) node = node?.children.get(`"${part}`)
    return node
  }

  /** Whether rules have nothing to say of a path below `data`. */
  isStored(path: readonly string[]): boolean {
    let node = this.root
    for (const part of path) {
      node = node?.children.get(`"${part}`)
      if (node === undefined) return true
      if (node.rules.length > 0) return false
    }
    return false
  }

  /** The rules of a node as one document; undefined where the node has none. */
  group(node: RuleNode | undefined): Group | undefined {
    if (node === undefined || node.rules.length === 0) return undefined
    let group = this.#groups.get(node)
    if (group === undefined) {
      group = groupOf(node)
      this.#groups.set(node, group)
    }
    return group
  }

  /** Whether a rule of the group asks, by whatever way, for another one of it: then its whole document cannot be made at once. */
  circular(group: Group): boolean {
    const known = this.#circular.get(group)
    if (known !== undefined) return known
    const own = new Set(group.rules)
    const seen = new Set<CompiledRule>()
    const open = group.rules.flatMap((rule) => [...this.#dependencies(rule)])
    let found = false
    for (let rule = open.pop(); rule !== undefined && !found; rule = open.pop()) {
      if (seen.has(rule)) continue
      seen.add(rule)
      found = own.has(rule)
      open.push(...this.#dependencies(rule))
    }
    this.#circular.set(group, found)
    return found
  }

  *#dependencies(rule: CompiledRule): Iterable<CompiledRule> {
    for (let each: CompiledRule | undefined = rule; each !== undefined; each = each.else) yield* this.#compiled.graph.dependencies(each)
  }
}

/** Whether two rules, or two solutions of one, may give one place of the document different values. */
export function mayConflict({ kind, rules }: Group): boolean {
  if (kind === 'set') return false
  const [first, ...rest] = rules.map(({ head, path }) => [head.value && constantOf(head.value), path.parts.length] as const)
  if (first?.[0] === undefined) return true
  return rest.some(([value, length]) => value === undefined || !equal(value, first[0]!) || length !== first[1])
}

/** The children of a node that a ref can name, in OPA's order. */
export function children(node: RuleNode): readonly (readonly [Term, RuleNode])[] {
  return [...node.children.values()]
    .map((child) => [child.part!, child] as const)
    .sort(([a], [b]) => ((partKey(a) ?? '') < (partKey(b) ?? '') ? -1 : 1))
}

function groupOf(node: RuleNode): Group {
  const open = node.rules.some(({ path }) => path.parts.slice(1).some((part) => !isConstant(part)))
  const rules = open ? below(node) : node.rules
  const [first] = rules as [CompiledRule]
  const prefix = constantPrefix(node.rules[0]!)
  const kind = open ? 'object' : first.head.value === undefined ? 'set' : 'value'
  return {
    path: ['data', ...prefix.map(storeName)],
    name: ['data', ...prefix.map(partKey)].join('.'),
    rules,
    kind,
    isFunction: first.head.args !== undefined,
    arity: first.head.args?.length ?? 0,
  }
}

function below(node: RuleNode): CompiledRule[] {
  return [...node.rules, ...children(node).flatMap(([, child]) => below(child))]
}

function constantPrefix({ path }: CompiledRule): readonly Term[] {
  const parts = path.parts.slice(1)
  const end = parts.findIndex((part) => !isConstant(part))
  return end < 0 ? parts : parts.slice(0, end)
}

export const isConstant = (part: Term) =>
  part.kind === 'string' || part.kind === 'number' || part.kind === 'boolean' || part.kind === 'null'

/** The name in the store that a constant part of a path spells. */
export function storeName(part: Term): string {
  if (part.kind === 'string') return part.value
  return part.kind === 'number' ? part.text : 'value' in part ? String(part.value) : 'null'
}
