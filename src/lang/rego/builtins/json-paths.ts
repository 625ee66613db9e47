import type { Builtin, Runtime } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { isArray, RegoObject, RegoSet, typeName, type Value } from '../values/value.ts'
import { items, object } from './operands.ts'

/** json.filter and json.remove: parts of an object by paths, as `a/b/0` or as arrays. */
export const JSON_PATHS: Readonly<Record<string, Builtin>> = {
  'json.filter': (runtime, a, b) => filter(object(a, 1), treeOf(runtime, b)),
  'json.remove': (runtime, a, b) => remove(object(a, 1), treeOf(runtime, b)),
}

/** A path as its segments. Throws BuiltinError. */
export function segments(runtime: Runtime, path: Value): readonly Value[] {
  if (path === '') return []
  if (typeof path === 'string') {
    runtime.charge(path.length >> 6)
    return path
      .replace(/^\/+/, '')
      .split('/')
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  }
  if (isArray(path)) return path
  throw new BuiltinError(
    `operand 2 must be one of {set, array} containing string paths or array of path segments but got ${typeName(path)}`,
    'eval_type_error',
  )
}

/** The paths as a tree of objects, with null at their ends. An end is not gone beyond, and one that comes later cuts off what is there. */
function treeOf(runtime: Runtime, paths: Value): RegoObject {
  const root = new RegoObject()
  for (const path of items(paths, 2).map((each) => segments(runtime, each))) {
    runtime.charge(path.length)
    let at: Value = root
    for (const part of path.slice(0, -1)) {
      if (!(at instanceof RegoObject)) break
      const next: Value = at.get(part) ?? new RegoObject()
      if (!at.has(part)) at.set(part, next)
      at = next
    }
    if (at instanceof RegoObject && path.length > 0) at.set(path.at(-1)!, null)
  }
  return root
}

function filter(value: Value, tree: Value): Value {
  if (!(tree instanceof RegoObject)) return value
  const kept = (key: Value, item: Value): Value[] => {
    const branch = tree.get(key)
    return branch === undefined ? [] : [filter(item, branch)]
  }
  return rebuilt(value, kept)
}

function remove(value: Value, tree: RegoObject): Value {
  const rest = (key: Value, item: Value): Value[] => {
    const branch = tree.get(key)
    if (branch === undefined) return [item]
    return branch instanceof RegoObject ? [remove(item, branch)] : []
  }
  return rebuilt(value, rest)
}

/** The same kind of value from what is made of each part; places in arrays are named by strings. */
function rebuilt(value: Value, part: (key: Value, item: Value) => readonly Value[]): Value {
  if (isArray(value)) return value.flatMap((item, at) => part(String(at), item))
  if (value instanceof RegoSet) return RegoSet.of(value.members().flatMap((member) => part(member, member)))
  if (!(value instanceof RegoObject)) return value
  return RegoObject.of(value.entries().flatMap(([key, item]) => part(key, item).map((made): [Value, Value] => [key, made])))
}
