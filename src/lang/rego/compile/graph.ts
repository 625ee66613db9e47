// Which rules a rule refers to.
import type { Ref, Term } from '../syntax/ast.ts'
import { isConstant } from '../syntax/ground.ts'
import { compareLocations, compareRefs, equalTerms } from '../syntax/order.ts'
import { type Node, walk } from '../syntax/walk.ts'
import { type CompiledRule, childOf, type RuleGraph } from './compiled.ts'
import type { DraftModule, DraftRule } from './draft.ts'
import { Bindings, expandRef } from './narrow.ts'
import { refText } from './text.ts'
import { rulesMeant, type TreeNode } from './tree.ts'
import { VarCollector, type Vars } from './vars.ts'

/** The rules that one ref means, with their `else`; shared by all that use the same ref. */
export interface Group {
  readonly rules: ReadonlySet<DraftRule>
}

/** A ref that may mean rules only by what its variables are. */
export interface DynamicRef {
  readonly ref: Ref
  /** With its variables replaced where there is but one value. */
  readonly selecting: Ref
  /** The line of the body, or the number of lines for the head. */
  readonly line: number
  /** What may have a value before the line. */
  readonly bound: Vars
  readonly rules: DraftRule[]
  /** The rule's body at the time. */
  readonly rule: Pick<DraftRule, 'body' | 'head'>
}

interface Dependencies {
  readonly groups: ReadonlySet<Group>
  readonly dynamic: readonly DynamicRef[]
}

export class Graph implements RuleGraph {
  readonly #rules: readonly DraftRule[]
  readonly #tree: TreeNode
  readonly #groups = new Map<string | TreeNode, Group>()
  readonly #adjacent = new Map<CompiledRule, Dependencies>()
  #dependents: Map<CompiledRule, Set<CompiledRule>> | undefined
  #sorted: readonly CompiledRule[] | undefined

  constructor(modules: readonly DraftModule[], tree: TreeNode) {
    this.#tree = tree
    this.#rules = modules.flatMap((module) => module.all)
    for (const rule of this.#rules) this.#adjacent.set(rule, this.#dependenciesOf(rule))
  }

  groups(rule: CompiledRule): ReadonlySet<Group> {
    return this.#adjacent.get(rule)!.groups
  }

  dependencies(rule: CompiledRule): ReadonlySet<DraftRule> {
    const groups = [...(this.#adjacent.get(rule)?.groups ?? [])]
    return groups.length === 1 ? groups[0]!.rules : new Set(groups.flatMap((group) => [...group.rules]))
  }

  dependents(rule: CompiledRule): ReadonlySet<CompiledRule> {
    if (this.#dependents === undefined) {
      this.#dependents = new Map(this.#rules.map((one) => [one, new Set()]))
      for (const one of this.#rules) for (const other of this.dependencies(one)) this.#dependents.get(other)!.add(one)
    }
    return this.#dependents.get(rule) ?? new Set()
  }

  /** The ref that may mean the other rule, unless another one means it whatever its variables are. */
  dynamicRef(rule: DraftRule, other: DraftRule): DynamicRef | undefined {
    return this.#adjacent.get(rule)?.dynamic.find(({ rules }) => rules.includes(other))
  }

  meant(ref: Ref): ReadonlySet<CompiledRule> {
    return rulesMeant(this.#tree, ref)
  }

  get sorted(): readonly CompiledRule[] {
    this.#sorted ??= this.#sort()
    return this.#sorted
  }

  #sort(): readonly CompiledRule[] {
    const order = (a: DraftRule, b: DraftRule) => compareLocations(a.at, b.at) || compareRefs(a.head.ref.parts, b.head.ref.parts)
    const sorted = new Set<CompiledRule>()
    const met = new Set<Group | CompiledRule>()
    for (const first of this.#rules.toSorted(order)) {
      const stack = [this.#visit(first, met)]
      while (stack.length > 0) {
        const { rule, rest } = stack.at(-1)!
        const { done, value } = rest.next()
        if (!done) {
          if (!met.has(value)) stack.push(this.#visit(value, met))
        } else {
          sorted.add(rule)
          stack.pop()
        }
      }
    }
    return [...sorted]
  }

  #visit(rule: CompiledRule, met: Set<Group | CompiledRule>) {
    met.add(rule)
    return { rule, rest: this.#below(rule, met) }
  }

  /** The rules of the groups that have not been met. */
  *#below(rule: CompiledRule, met: Set<Group | CompiledRule>): Generator<CompiledRule, void> {
    for (const group of this.groups(rule)) {
      if (met.has(group)) continue
      met.add(group)
      yield* group.rules
    }
  }

  /** What a ref means. */
  #group(ref: Ref): Group {
    const leaf = leafOf(this.#tree, ref.parts)
    const key = leaf ?? (hasUnknownPart(ref) ? undefined : refText(ref))
    const known = key === undefined ? undefined : this.#groups.get(key)
    if (known !== undefined) return known
    const rules = new Set<DraftRule>()
    for (const first of leaf?.rules ?? rulesMeant(this.#tree, ref)) {
      for (let rule: DraftRule | undefined = first; rule !== undefined; rule = rule.else) rules.add(rule)
    }
    const group = { rules }
    if (key !== undefined) this.#groups.set(key, group)
    return group
  }

  #dependenciesOf(rule: DraftRule): Dependencies {
    const groups = new Set<Group>()
    /** Those of refs that mean them whatever their variables are. */
    const certain = new Set<Group>()
    const outright = new Set<DraftRule>()
    const dynamic: DynamicRef[] = []
    let bindings: Bindings | undefined
    let line = 0
    const visit = (node: Node): boolean => {
      if (node.kind !== 'ref' || !isData(node)) return false
      if (!hasUnknownPart(node) || leafOf(this.#tree, node.parts) !== undefined) {
        const group = this.#group(node)
        if (group.rules.size > 0) groups.add(group)
        certain.add(group)
        return false
      }
      bindings ??= new Bindings(rule.body)
      const refs = expandRef(node, bindings.before(line))
      const selecting = refs.length === 1 ? refs[0]! : node
      const bound = boundBefore(rule, line)
      const rules: DraftRule[] = []
      for (const ref of refs) {
        const group = this.#group(ref)
        if (group.rules.size > 0) groups.add(group)
        for (const other of group.rules) {
          if (selects(selecting, other, bound)) outright.add(other)
          else rules.push(other)
        }
      }
      if (rules.length > 0) dynamic.push({ ref: node, selecting, line, bound, rules, rule: { body: rule.body, head: rule.head } })
      return false
    }
    for (const expr of rule.body) {
      walk(expr, visit)
      line++
    }
    const { args, key, value } = rule.head
    for (const term of [...(args ?? []), key, value]) if (term !== undefined) walk(term, visit)
    if (dynamic.length === 0) return { groups, dynamic }
    for (const group of certain) for (const other of group.rules) outright.add(other)
    return { groups, dynamic: dynamic.map((one) => ({ ...one, rules: one.rules.filter((other) => !outright.has(other)) })) }
  }
}

/** The node to which a ref leads, if all that the ref means is there: no rules above it, none below, none with a longer path. */
function leafOf(root: TreeNode, parts: readonly Term[]): TreeNode | undefined {
  let node: TreeNode | undefined = root
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at]!
    node = at === 0 || isConstant(part) ? childOf(node, part) : undefined
    if (node === undefined) return undefined
    if (node.rules.length > 0) return node.children.size === 0 && node.longest <= at + 1 ? node : undefined
  }
  return undefined
}

const isData = ({ parts: [head] }: Ref) => head.kind === 'var' && head.name === 'data'

const hasUnknownPart = ({ parts }: Ref) => parts.some((part, at) => at > 0 && !isConstant(part))

/** The variables of the head and of the lines before. */
function boundBefore(rule: DraftRule, line: number): Vars {
  const vars: Vars = new Set()
  const collector = new VarCollector({}, (name) => vars.add(name))
  const { args, key, value } = rule.head
  for (const term of [...(args ?? []), key, value]) if (term !== undefined) collector.term(term)
  collector.body(rule.body.slice(0, line))
  return vars
}

/**
 * Whether a ref means the rule whatever its variables are. One that has no value yet ranges over everything, unless it stands twice.
 * `needed` gets the places of the parts that must be those of the rule.
 */
export function selects(ref: Ref, rule: CompiledRule, bound: Vars, needed?: number[]): boolean {
  const { parts } = rule.path
  let outright = true
  for (let at = 1; at < Math.min(ref.parts.length, parts.length); at++) {
    const [part, wanted] = [ref.parts[at]!, parts[at]!]
    if (!isConstant(wanted)) continue
    if (part.kind === 'var' && !bound.has(part.name) && times(ref, part) === 1) continue
    if (isConstant(part)) {
      if (!equalTerms(part, wanted)) return false
      continue
    }
    if (needed === undefined) return false
    outright = false
    needed.push(at)
  }
  return outright
}

const times = (ref: Ref, part: Term) => ref.parts.filter((other) => equalTerms(other, part)).length
