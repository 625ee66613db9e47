import type { Builtin, Runtime } from '../codegen/runtime.ts'
import { isArray, RegoObject, RegoSet, typeName, type Value } from '../values/value.ts'
import { object, unfit, weighItems } from './operands.ts'

/** Walking values and graphs. */
export const GRAPH: Readonly<Record<string, Builtin>> = {
  walk: (runtime, a) => {
    const found: Value[] = []
    visit(runtime, a, [], found)
    return found
  },
  'graph.reachable': (runtime, a, b) => {
    const graph = object(a, 1)
    const reached = new RegoSet()
    const waiting: Value[] = []
    const reach = (nodes: readonly Value[]) => {
      runtime.charge(nodes.length + 1)
      for (const node of nodes) {
        if (!graph.has(node) || reached.has(node)) continue
        weighItems(runtime, 2)
        reached.add(node)
        waiting.push(graph.get(node)!)
      }
    }
    reach(neighbours(b, 2))
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) reach(edges(next))
    return reached
  },
  'graph.reachable_paths': (runtime, a, b) => {
    const found = new RegoSet()
    const graph = object(a, 1)
    for (const node of neighbours(b, 2)) {
      const next = graph.get(node)
      if (next === undefined) continue
      if (edges(next).length === 0) found.add([node])
      for (const neighbour of edges(next)) paths(runtime, graph, neighbour, [node], RegoSet.of([node]), found)
    }
    return found
  },
}

/** Adds every path on from `path` by `node` that ends in a leaf, before a node outside the graph, or before one where it has been. */
function paths(runtime: Runtime, graph: RegoObject, node: Value, path: readonly Value[], been: RegoSet, found: RegoSet): void {
  runtime.charge(path.length + 1)
  weighItems(runtime, path.length + 16)
  runtime.enter()
  const next = graph.get(node)
  const longer = next === undefined ? path : [...path, node]
  if (next === undefined || edges(next).length === 0) found.add(longer)
  else {
    const there = RegoSet.of([...been.members(), node])
    runtime.charge(edges(next).length)
    for (const neighbour of edges(next)) {
      if (there.has(neighbour)) found.add(longer)
      else paths(runtime, graph, neighbour, longer, there, found)
    }
  }
  runtime.depth--
}

function visit(runtime: Runtime, value: Value, path: readonly Value[], found: Value[]): void {
  runtime.charge(path.length + 1)
  weighItems(runtime, path.length + 16)
  found.push([path, value])
  if (isArray(value))
    value.forEach((item, at) => {
      visit(runtime, item, [...path, at], found)
    })
  else if (value instanceof RegoObject) for (const [key, item] of value.entries()) visit(runtime, item, [...path, key], found)
  else if (value instanceof RegoSet) for (const member of value.members()) visit(runtime, member, [...path, member], found)
}

function neighbours(value: Value, at: number): readonly Value[] {
  if (!isArray(value) && !(value instanceof RegoSet)) throw unfit(at, ['array', 'set'], typeName(value))
  return edges(value)
}

const edges = (value: Value): readonly Value[] => (isArray(value) ? value : value instanceof RegoSet ? value.members() : [])
