import type { Builtin } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { isArray, RegoObject, typeName, type Value } from '../values/value.ts'
import { items, object } from './operands.ts'

/** A tree of paths: a branch without branches takes the whole value. */
type Tree = Map<string, Tree>

/** json.filter and json.remove: parts of an object by paths, as `a/b/0` or as arrays. */
export const JSON_PATHS: Readonly<Record<string, Builtin>> = {
  'json.filter': (_, a, b) => filter(object(a, 1), treeOf(b)) ?? new RegoObject(),
  'json.remove': (_, a, b) => remove(object(a, 1), treeOf(b)),
}

function treeOf(paths: Value): Tree {
  const root: Tree = new Map()
  const all = items(paths, 2).map((path) => {
    if (typeof path === 'string')
      return path
        .replace(/^\/+/, '')
        .split('/')
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    if (isArray(path)) return path.map(String)
    throw new BuiltinError(
      `operand 2 must be one of {set, array} containing string paths or array of path segments but got ${typeName(path)}`,
      'eval_type_error',
    )
  })
  const ends = new Set<Tree>()
  for (const path of all) {
    let at = root
    for (const part of path) {
      if (ends.has(at)) break
      const next = at.get(part) ?? new Map()
      at.set(part, next)
      at = next
    }
    if (at === root) continue
    ends.add(at)
    at.clear()
  }
  return root
}

function filter(value: Value, tree: Tree): Value | undefined {
  if (tree.size === 0) return value
  if (isArray(value)) return value.flatMap((item, at) => kept(item, tree.get(String(at))))
  if (!(value instanceof RegoObject)) return undefined
  return RegoObject.of(
    value.entries().flatMap(([key, item]) => kept(item, tree.get(String(key))).map((part): [Value, Value] => [key, part])),
  )
}

function kept(item: Value, branch: Tree | undefined): Value[] {
  const part = branch === undefined ? undefined : filter(item, branch)
  return part === undefined ? [] : [part]
}

function remove(value: Value, tree: Tree): Value {
  const rest = (key: string, item: Value): Value[] => {
    const branch = tree.get(key)
    if (branch === undefined) return [item]
    return branch.size === 0 ? [] : [remove(item, branch)]
  }
  if (isArray(value)) return value.flatMap((item, at) => rest(String(at), item))
  if (!(value instanceof RegoObject)) return value
  return RegoObject.of(value.entries().flatMap(([key, item]) => rest(String(key), item).map((part): [Value, Value] => [key, part])))
}
