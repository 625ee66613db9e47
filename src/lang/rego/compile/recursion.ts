// Rules must not depend on themselves.
import type { Compilation, DraftRule } from './draft.ts'
import type { Graph, Group } from './graph.ts'
import { causeOf, ruleText } from './recursion-cause.ts'
import type { TreeNode } from './tree.ts'

export function checkRecursion(tree: TreeNode, graph: Graph, { report, written }: Compilation): void {
  const suspects = inCycles(tree, graph)
  if (suspects.size === 0) return
  let more = true
  tree.depthFirst((node) => {
    for (const first of node.rules) {
      for (let rule: DraftRule | undefined = first; more && rule !== undefined; rule = rule.else) {
        if (!suspects.has(rule)) continue
        const path = pathBack(rule, (at) => graph.dependencies(at))
        if (path === undefined) continue
        const { text, chosen } = describe(path, graph, written)
        const [verb, cause] = text === undefined ? ['is', ''] : ['may be', text]
        const steps = chosen.map((step) => ruleText(step, written)).join(' -> ')
        more = report.add('rego_recursion_error', rule.at, `rule ${ruleText(rule, written)} ${verb} recursive: ${steps}${cause}`)
      }
    }
    return !more
  })
}

/** A cycle through a ref's variable may never close. */
function describe(path: readonly DraftRule[], graph: Graph, written: ReadonlyMap<string, string>) {
  const isStatic = (a: DraftRule, b: DraftRule) => graph.dynamicRef(a, b) === undefined
  if (path.every((rule, at) => at === 0 || isStatic(path[at - 1]!, rule))) return { text: undefined, chosen: path }
  const certain = pathBack(path[0]!, (at) => [...graph.dependencies(at)].filter((other) => isStatic(at, other)))
  if (certain !== undefined) return { text: undefined, chosen: certain }
  return { text: causeOf(path, graph, written), chosen: path }
}

/** A way from a rule back to itself, depth first. */
function pathBack(rule: DraftRule, edges: (rule: DraftRule) => Iterable<DraftRule>): readonly DraftRule[] | undefined {
  const visited = new Set([rule])
  const stack = [{ rule, rest: [...edges(rule)][Symbol.iterator]() }]
  while (stack.length > 0) {
    const { done, value } = stack.at(-1)!.rest.next()
    if (done) stack.pop()
    else if (value === rule) return [...stack.map((step) => step.rule), rule]
    else if (!visited.has(value)) {
      visited.add(value)
      stack.push({ rule: value, rest: [...edges(value)][Symbol.iterator]() })
    }
  }
  return undefined
}

/** The rules that are in some cycle, by Tarjan's algorithm over rules and the groups they refer to. */
function inCycles(tree: TreeNode, graph: Graph): ReadonlySet<DraftRule> {
  type Vertex = DraftRule | Group
  const isRule = (vertex: Vertex): vertex is DraftRule => 'kind' in vertex
  const edges = (vertex: Vertex): ReadonlySet<Vertex> => (isRule(vertex) ? graph.groups(vertex) : vertex.rules)
  const found = new Set<DraftRule>()
  const index = new Map<Vertex, number>()
  const low = new Map<Vertex, number>()
  const open: Vertex[] = []
  const isOpen = new Set<Vertex>()
  const enter = (vertex: Vertex) => {
    index.set(vertex, index.size)
    low.set(vertex, index.get(vertex)!)
    open.push(vertex)
    isOpen.add(vertex)
    return { vertex, rest: edges(vertex)[Symbol.iterator]() }
  }
  const lower = (vertex: Vertex, to: number) => low.set(vertex, Math.min(low.get(vertex)!, to))
  const close = (vertex: Vertex) => {
    if (low.get(vertex) !== index.get(vertex)) return
    const component = open.splice(open.lastIndexOf(vertex))
    for (const member of component) {
      isOpen.delete(member)
      if (component.length > 1 && isRule(member)) found.add(member)
    }
  }
  const visit = (start: Vertex) => {
    const stack = [enter(start)]
    while (stack.length > 0) {
      const { vertex, rest } = stack.at(-1)!
      const { done, value } = rest.next()
      if (done) {
        stack.pop()
        close(vertex)
        const below = stack.at(-1)
        if (below !== undefined) lower(below.vertex, low.get(vertex)!)
      } else if (!index.has(value)) stack.push(enter(value))
      else if (isOpen.has(value)) lower(vertex, index.get(value)!)
    }
  }
  tree.depthFirst((node) => {
    for (const first of node.rules) {
      for (let rule: DraftRule | undefined = first; rule !== undefined; rule = rule.else) {
        if (graph.groups(rule).size > 0 && !index.has(rule)) visit(rule)
      }
    }
    return false
  })
  return found
}
