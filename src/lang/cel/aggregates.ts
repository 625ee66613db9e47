// Literals of lists and maps: of one type each, constants where all within them is.
import type { Expr } from './ast.ts'
import type { Compiler, Node, Scope } from './compile.ts'
import { setEntry } from './support.ts'
import { DYN, isDyn, listOf, mapOf, optionalOf, sameType, type Type } from './types.ts'
import { EntryMap, ItemList } from './values.ts'

export function compileList(compiler: Compiler, expr: Expr & { kind: 'list' }, scope: Scope): Node {
  const items = expr.items.map(({ value, optional }) => ({ optional, node: compiler.node(value, scope), at: value.at }))
  const type = join(
    compiler,
    items.map(({ node, optional, at }) => ({ type: optional ? unwrapped(compiler, node.type, at) : node.type, at })),
  )
  if (compiler.formats > 0) compiler.note(expr.items.map(({ value }, at) => [value, items[at]!.node.type]))
  // As cel-go optimizes: a list of constants is one, and so is a map.
  if (items.every(({ node, optional }) => !optional && node.constant !== undefined)) {
    return compiler.constant(new ItemList(items.map(({ node }) => node.constant!)), listOf(type))
  }
  const written = items.map(({ node, optional }) => (optional ? `...held(${node.code})` : node.code))
  return { type: listOf(type), code: `(run.charge(10), new ItemList([${written.join(', ')}]))` }
}

export function compileMap(compiler: Compiler, expr: Expr & { kind: 'map' }, scope: Scope): Node {
  const entries = expr.entries.map(({ key, value, optional }) => ({
    optional,
    key: compiler.node(key, scope),
    value: compiler.node(value, scope),
    ats: [key.at, value.at] as const,
  }))
  const keyType = join(
    compiler,
    entries.map(({ key, ats }) => ({ type: key.type, at: ats[0] })),
  )
  const valueType = join(
    compiler,
    entries.map(({ value, optional, ats }) => ({ type: optional ? unwrapped(compiler, value.type, ats[1]) : value.type, at: ats[1] })),
  )
  if (compiler.formats > 0) {
    compiler.note(
      expr.entries.flatMap((each, at) => [[each.key, entries[at]!.key.type] as const, [each.value, entries[at]!.value.type] as const]),
    )
  }
  const folds = entries.every(({ key, value, optional }) => !optional && key.constant !== undefined && value.constant !== undefined)
  const type = mapOf(keyType, valueType)
  if (folds) {
    const constant = new EntryMap()
    return compiler.folded(
      () => {
        for (const { key, value } of entries) setEntry(constant, key.constant!, value.constant!, false)
        return constant
      },
      type,
      expr.at,
    )
  }
  const sets = entries.map(({ key, value, optional }) => `setEntry(made, ${key.code}, ${value.code}, ${optional})`)
  return { type, code: compiler.code.hoisted(scope, 'run.charge(30)', 'const made = new EntryMap()', ...sets, 'return made') }
}

/** What an optional element holds. */
function unwrapped(compiler: Compiler, type: Type, at: number): Type {
  const value = compiler.types.fresh()
  if (type.kind === 'null_type' || !compiler.types.assignable([type], [optionalOf(value)]))
    throw compiler.mismatch(optionalOf(DYN), type, at)
  return compiler.types.resolve(value)
}

/** The type of all of them: dyn where they differ, which Kubernetes refuses unless each says so itself. */
function join(compiler: Compiler, parts: readonly { readonly type: Type; readonly at: number }[]): Type {
  let joined: Type | undefined
  for (const { type } of parts) {
    if (joined === undefined) joined = type
    else joined = compiler.types.assignable([joined], [type]) ? general(compiler.types.resolve(joined), compiler.types.resolve(type)) : DYN
  }
  if (compiler.formats > 0) return joined ?? compiler.types.fresh()
  compiler.later(() => {
    const first = parts[0] === undefined ? DYN : compiler.types.resolve(parts[0].type, true)
    for (const { type, at } of parts) if (!sameType(first, compiler.types.resolve(type, true))) throw compiler.mismatch(first, type, at)
  })
  return joined ?? compiler.types.fresh()
}

function general(a: Type, b: Type): Type {
  return isDyn(b) || b.kind === 'param' ? (isDyn(a) || a.kind === 'param' ? a : b) : a
}
