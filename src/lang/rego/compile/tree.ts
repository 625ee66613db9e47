// OPA's rule tree: where rules stand under `data`, and which of them a ref may mean.

import type { Ref, Term } from '../syntax/ast.ts'
import { groundPrefix, isConstant } from '../syntax/ground.ts'
import { compareTerms, equalTerms } from '../syntax/order.ts'
import { compareStrings } from '../values/order.ts'
import { childOf, partKey, type RuleNode } from './compiled.ts'
import type { DraftModule, DraftRule } from './draft.ts'

export class TreeNode implements RuleNode {
  readonly part: Term | undefined
  readonly rules: DraftRule[] = []
  readonly children = new Map<string, TreeNode>()
  hidden = false
  #sorted: readonly TreeNode[] | undefined
  #longest: number | undefined

  constructor(part: Term | undefined) {
    this.part = part
  }

  /** The node at a path, made where it is not there. */
  reach(path: readonly Term[]): TreeNode {
    let node: TreeNode = this
    for (const part of path) {
      const key = partKey(part)
      if (key === undefined) throw new TypeError(`a ${part.kind} is no part of a rule's path`)
      let child = node.children.get(key)
      if (child === undefined) {
        child = new TreeNode(part)
        node.children.set(key, child)
        node.#sorted = undefined
      }
      node = child
    }
    return node
  }

  /** The length of the longest path of its rules, which may have parts beyond the node. */
  get longest(): number {
    this.#longest ??= this.rules.reduce((most, rule) => Math.max(most, rule.path.parts.length), 0)
    return this.#longest
  }

  /** In OPA's order of their parts. */
  sorted(): readonly TreeNode[] {
    this.#sorted ??= [...this.children.values()].sort((a, b) => compareTerms(a.part!, b.part!))
    return this.#sorted
  }

  /** This node and all below it, from above; where `visit` answers true, not what is below. */
  depthFirst(visit: (node: TreeNode) => boolean): void {
    if (visit(this)) return
    for (const child of this.sorted()) child.depthFirst(visit)
  }
}

/** Modules by their packages, in the order of their packages and then of the modules. */
export function byPackage(modules: readonly DraftModule[]): readonly DraftModule[] {
  const key = (module: DraftModule) => module.package.path.parts.map((part) => (part.kind === 'string' ? part.value : '')).join('\0')
  const keyed = modules.map((module) => [key(module), module] as const)
  return keyed.sort((a, b) => compareStrings(a[0], b[0])).map(([, module]) => module)
}

/** Rules stand at the ground prefix of their path; a module without rules makes its package's node. */
export function ruleTree(modules: readonly DraftModule[]): TreeNode {
  const root = new TreeNode(undefined)
  for (const module of byPackage(modules)) {
    if (module.rules.length === 0) root.reach(module.package.path.parts)
    for (const rule of module.rules) root.reach(groundPrefix(rule.path.parts)).rules.push(rule)
  }
  const system = root.children.get('data')?.children.get('"system')
  if (system !== undefined) system.hidden = true
  return root
}

/** The rules that a ref may mean, hidden ones included; where a part is not known, those under every child. */
export function rulesMeant(root: TreeNode, ref: Ref): Set<DraftRule> {
  const found = new Set<DraftRule>()
  const { parts } = ref
  const meet = (rules: readonly DraftRule[], from: number) => {
    for (const rule of rules) if (mayMeet(rule.path.parts, parts, from)) found.add(rule)
  }
  const visit = (node: TreeNode, at: number): void => {
    const part = parts[at]
    if (part === undefined) {
      node.depthFirst((below) => {
        for (const rule of below.rules) found.add(rule)
        return false
      })
    } else if (at === 0 || isConstant(part)) {
      const child = childOf(node, part)
      if (child === undefined) return
      meet(child.rules, at + 1)
      visit(child, at + 1)
    } else {
      for (const child of node.sorted()) {
        meet(child.rules, at + 1)
        visit(child, at + 1)
      }
    }
  }
  visit(root, 0)
  return found
}

/** Parts that are not known match anything. */
function mayMeet(a: readonly Term[], b: readonly Term[], from: number): boolean {
  const end = Math.min(a.length, b.length)
  for (let at = from; at < end; at++) {
    const [x, y] = [a[at]!, b[at]!]
    if (isConstant(x) && isConstant(y) && !equalTerms(x, y)) return false
  }
  return true
}
