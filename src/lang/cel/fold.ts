// Macros that go through a range: their types, and the call of the walk that each is.
import type { Expr } from './ast.ts'
import { localOf } from './code.ts'
import type { Compiler, Node, Scope } from './compile.ts'
import { BOOL, DYN, INT, isDyn, listOf, mapOf, optionalOf, SORTABLE, sameType, showType, type Type } from './types.ts'

type Fold = Expr & { kind: 'fold' }

export function compileFold(compiler: Compiler, expr: Fold, scope: Scope): Node {
  if (expr.form === 'optMap' || expr.form === 'optFlatMap') return compileOptional(compiler, expr, scope)
  const range = compiler.node(expr.range, scope)
  const given = rangeTypes(compiler, range.type, expr.vars.length, expr.at)
  const first = scope.length
  const inner = [...scope, ...expr.vars.map((name, at) => ({ name, type: given[at]!, slot: first + at }))]
  const asked = (code: string) => `(${inner.slice(first).map(localOf).join(', ')}) => ${code}`
  const filter = expr.filter === undefined ? undefined : compiler.expect(expr.filter, inner, BOOL).code
  const { type, body } = bodyOf(compiler, expr, inner, given, range.type)
  const args = ['run', range.code, String(expr.vars.length === 2), asked(body), ...(filter === undefined ? [] : [asked(filter)])]
  return { type, code: `${expr.form}(${args.join(', ')})` }
}

function rangeTypes(compiler: Compiler, type: Type, count: number, at: number): readonly Type[] {
  const range = compiler.types.resolve(type)
  if (range.kind === 'list') return count === 2 ? [INT, range.params[0]!] : range.params
  if (range.kind === 'map') return range.params
  if (range.kind === 'param') compiler.types.assignable([range], [DYN])
  else if (!isDyn(range)) throw compiler.reject(`expression of type '${showType(range)}' cannot be range of a comprehension`, at)
  return [DYN, DYN]
}

function bodyOf(
  compiler: Compiler,
  expr: Fold,
  inner: Scope,
  given: readonly Type[],
  range: Type,
): { readonly type: Type; readonly body: string } {
  switch (expr.form) {
    case 'all':
    case 'exists':
    case 'existsOne':
      return { type: BOOL, body: compiler.expect(expr.body, inner, BOOL).code }
    case 'filter':
      return { type: listOf(given[0]!), body: compiler.expect(expr.body, inner, BOOL).code }
    case 'transformMap': {
      const { type, code } = compiler.node(expr.body, inner)
      return { type: mapOf(given[0]!, type), body: code }
    }
    case 'transformMapEntry': {
      const type = mapOf(compiler.types.fresh(), compiler.types.fresh())
      const { code } = compiler.expect(expr.body, inner, type)
      return { type: compiler.types.resolve(type), body: code }
    }
    case 'sortBy': {
      const { type, code } = compiler.node(expr.body, inner)
      const key = compiler.types.resolve(type)
      if (compiler.types.resolve(range).kind === 'map') throw compiler.mismatch(listOf(DYN), range, expr.at)
      if (!isDyn(key) && key.kind !== 'param' && !SORTABLE.some((one) => sameType(one, key))) {
        throw compiler.reject(`type '${showType(key)}' has no order`, expr.at)
      }
      // As with any function, the type is lost where more than one overload fits.
      const lost = isDyn(key) && isDyn(compiler.types.resolve(range))
      return { type: lost ? DYN : listOf(given[0]!), body: code }
    }
    default: {
      const { type, code } = compiler.node(expr.body, inner)
      return { type: listOf(type), body: code }
    }
  }
}

/** `optMap` and `optFlatMap`: the name stands for what the optional holds. */
function compileOptional(compiler: Compiler, expr: Fold, scope: Scope): Node {
  const range = compiler.node(expr.range, scope)
  const held = compiler.types.fresh()
  if (!compiler.types.assignable([range.type], [optionalOf(held)])) throw compiler.mismatch(optionalOf(DYN), range.type, expr.at)
  const slot = scope.length
  const inner = [...scope, { name: expr.vars[0]!, type: compiler.types.resolve(held), slot }]
  const flat = expr.form === 'optFlatMap'
  const body = flat ? compiler.expect(expr.body, inner, optionalOf(compiler.types.fresh())) : compiler.node(expr.body, inner)
  const type = flat ? body.type : optionalOf(body.type)
  return { type, code: `optMap(run, run.cost, ${range.code}, ${flat}, (${localOf(inner.at(-1)!)}) => ${body.code})` }
}
