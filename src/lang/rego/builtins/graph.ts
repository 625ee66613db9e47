import type { Builtin, Runtime } from '../codegen/runtime.ts'
import { isArray, RegoObject, RegoSet, typeName, type Value } from '../values/value.ts'
import { object, unfit } from './operands.ts'

/** Walking values and graphs. */
export const GRAPH: Readonly<Record<string, Builtin>> = {
  walk: (runtime, a) => {
    const found: Value[] = []
    visit(runtime, a, [], found)
    return found
  },
  'graph.reachable': (runtime, a, b) => {
    const graph = object(a, 1)
    const waiting = [...neighbours(b, 2)]
    const reached = new RegoSet()
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      const next = graph.get(node)
      if (next === undefined || reached.has(node)) continue
      runtime.charge(1)
      reached.add(node)
      waiting.push(...edges(next))
    }
    return reached
  },
}

function visit(runtime: Runtime, value: Value, path: readonly Value[], found: Value[]): void {
  runtime.charge(path.length + 1)
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
