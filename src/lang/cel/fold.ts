// Macros that go through a range. What a round costs beside its body is what cel-go's expansion of the macro into a fold costs.
import type { Expr, Form } from './ast.ts'
import type { Compiler, Evaluate, Node, Scope } from './compile.ts'
import { goType, untaken } from './library/go-names.ts'
import { Fault, noOverload, type Run } from './run.ts'
import { chargeCompared, sorted } from './sort.ts'
import { insert } from './steps.ts'
import { BOOL, DYN, INT, isDyn, listOf, mapOf, optionalOf, SORTABLE, sameType, showType, type Type } from './types.ts'
import { CelMap, EntryMap, ItemList, List, Optional, type Value } from './values.ts'

type Fold = Expr & { kind: 'fold' }

interface Parts {
  readonly filter: Evaluate | undefined
  readonly body: Evaluate
}

/** One walk over a range: `round` for each, until it returns false; then what has come of it. */
interface Walk {
  round(run: Run, parts: Parts): boolean
  result(run: Run): Value
  /** The condition of cel-go's fold, asked once more where it ends before its range does. */
  readonly last?: number
}

export function compileFold(compiler: Compiler, expr: Fold, scope: Scope): Node {
  if (expr.form === 'optMap' || expr.form === 'optFlatMap') return compileOptional(compiler, expr, scope)
  const range = compiler.node(expr.range, scope)
  const given = rangeTypes(compiler, range.type, expr.vars.length, expr.at)
  const first = scope.length
  const inner = [...scope, ...expr.vars.map((name, at) => ({ name, type: given[at]!, slot: first + at }))]
  const filter = expr.filter === undefined ? undefined : compiler.expect(expr.filter, inner, BOOL).evaluate
  const { type, body } = bodyOf(compiler, expr, inner, given, range.type)
  const parts: Parts = { filter, body }
  const start = WALKS[expr.form]
  const two = expr.vars.length === 2
  return {
    type,
    evaluate: (run) => {
      const over = range.evaluate(run)
      const walk = start(first)
      let at = 0
      if (expr.form === 'sortBy' && over instanceof CelMap) throw new Fault('no such overload: @sortByAssociatedKeys')
      if (over instanceof List) {
        for (; at < over.size; at++) {
          run.locals[first] = two ? BigInt(at) : over.at(at)
          if (two) run.locals[first + 1] = over.at(at)
          run.spend(1)
          if (!walk.round(run, parts)) break
        }
        if (at + 1 < over.size) run.charge(walk.last ?? 0)
      } else if (over instanceof CelMap) {
        run.spendKeys(over.size)
        for (const key of over.keys()) {
          run.locals[first] = key
          if (two) run.locals[first + 1] = over.get(key)!
          run.spend(1)
          at++
          if (!walk.round(run, parts)) break
        }
        if (at < over.size) run.charge(walk.last ?? 0)
      } else
        throw new Fault(two ? `unsupported comprehension range type: ${goType(over)}` : `got '${goType(over)}', expected iterable type`)
      return walk.result(run)
    },
  }
}

function rangeTypes(compiler: Compiler, type: Type, count: number, at: number): readonly Type[] {
  const range = compiler.types.resolve(type)
  if (range.kind === 'list') return count === 2 ? [INT, range.params[0]!] : range.params
  if (range.kind === 'map') return range.params
  if (range.kind === 'param') compiler.types.assignable([range], [DYN])
  else if (!isDyn(range)) throw compiler.reject(`expression of type '${showType(range)}' cannot be range of a comprehension`, at)
  return [DYN, DYN]
}

function bodyOf(compiler: Compiler, expr: Fold, inner: Scope, given: readonly Type[], range: Type): { type: Type; body: Evaluate } {
  switch (expr.form) {
    case 'all':
    case 'exists':
    case 'existsOne':
      return { type: BOOL, body: compiler.expect(expr.body, inner, BOOL).evaluate }
    case 'filter':
      return { type: listOf(given[0]!), body: compiler.expect(expr.body, inner, BOOL).evaluate }
    case 'transformMap': {
      const { type, evaluate } = compiler.node(expr.body, inner)
      return { type: mapOf(given[0]!, type), body: evaluate }
    }
    case 'transformMapEntry': {
      const type = mapOf(compiler.types.fresh(), compiler.types.fresh())
      const { evaluate } = compiler.expect(expr.body, inner, type)
      return { type: compiler.types.resolve(type), body: evaluate }
    }
    case 'sortBy': {
      const { type, evaluate } = compiler.node(expr.body, inner)
      const key = compiler.types.resolve(type)
      if (compiler.types.resolve(range).kind === 'map') throw compiler.mismatch(listOf(DYN), range, expr.at)
      if (!isDyn(key) && key.kind !== 'param' && !SORTABLE.some((one) => sameType(one, key))) {
        throw compiler.reject(`type '${showType(key)}' has no order`, expr.at)
      }
      // As with any function, the type is lost where more than one overload fits.
      const lost = isDyn(key) && isDyn(compiler.types.resolve(range))
      return { type: lost ? DYN : listOf(given[0]!), body: evaluate }
    }
    default: {
      const { type, evaluate } = compiler.node(expr.body, inner)
      return { type: listOf(type), body: evaluate }
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
  return {
    type: flat ? body.type : optionalOf(body.type),
    evaluate: (run) => {
      const before = run.cost
      const over = range.evaluate(run)
      const cost = run.cost - before
      run.charge(1)
      if (!(over instanceof Optional)) throw untaken('hasValue', over)
      run.charge(1)
      if (over.value === undefined) return over
      run.locals[slot] = over.value
      // The macro names its optional twice: to ask whether it has a value, and for it.
      run.charge(flat ? cost : cost + 1)
      const value = body.evaluate(run)
      return flat ? value : new Optional(value)
    },
  }
}

function condition(value: Value): boolean {
  if (typeof value !== 'boolean') throw noOverload()
  return value
}

/** Ends at the first round that decides; an error counts only if none does. */
function quantifier(decisive: boolean, cost: number, last: number): () => Walk {
  return () => {
    let decided = false
    let fault: Fault | undefined
    return {
      last,
      round(run, { body }) {
        run.charge(cost)
        try {
          decided = condition(body(run)) === decisive
        } catch (error) {
          if (!(error instanceof Fault)) throw error
          fault = error
        }
        return !decided
      },
      result(run) {
        run.charge(1)
        if (!decided && fault !== undefined) throw fault
        return decided === decisive
      },
    }
  }
}

/** Rounds that put something into a list, where the filter lets them. */
function collecting(put: (run: Run, parts: Parts, all: Value[]) => void): () => Walk {
  return () => {
    const all: Value[] = []
    return {
      round(run, parts) {
        if (parts.filter !== undefined && !condition(parts.filter(run))) return true
        run.charge(1)
        put(run, parts, all)
        return true
      },
      result(run) {
        run.charge(1)
        return new ItemList(all)
      },
    }
  }
}

function mapping(put: (run: Run, parts: Parts, map: EntryMap, first: number) => void): (first: number) => Walk {
  return (first) => {
    const map = new EntryMap()
    return {
      round(run, parts) {
        if (parts.filter !== undefined && !condition(parts.filter(run))) return true
        run.charge(1)
        put(run, parts, map, first)
        return true
      },
      result(run) {
        run.charge(1)
        return map
      },
    }
  }
}

const WALKS: Readonly<Record<Exclude<Form, 'optMap' | 'optFlatMap'>, (first: number) => Walk>> = {
  all: quantifier(false, 3, 2),
  exists: quantifier(true, 4, 3),
  existsOne: () => {
    let count = 0
    return {
      round(run, { body }) {
        if (condition(body(run))) {
          run.charge(2)
          count++
        }
        return true
      },
      result(run) {
        run.charge(2)
        return count === 1
      },
    }
  },
  map: collecting((run, { body }, all) => {
    run.charge(11)
    all.push(body(run))
  }),
  filter: (first) => {
    const all: Value[] = []
    return {
      round(run, { body }) {
        if (condition(body(run))) {
          run.charge(13)
          all.push(run.locals[first]!)
        }
        return true
      },
      result(run) {
        run.charge(1)
        return new ItemList(all)
      },
    }
  },
  transformMap: mapping((run, { body }, map, first) => {
    run.charge(2)
    const key = run.locals[first]!
    insert(map, key, body(run))
  }),
  transformMapEntry: mapping((run, { body }, map) => {
    run.charge(1)
    const entry = body(run)
    if (!(entry instanceof CelMap)) throw noOverload()
    for (const key of entry.keys()) insert(map, key, entry.get(key)!)
  }),
  sortBy: (first) => {
    const pairs: { key: Value; value: Value }[] = []
    return {
      round(run, { body }) {
        run.charge(12)
        const value = run.locals[first]!
        pairs.push({ key: body(run), value })
        return true
      },
      result(run) {
        run.charge(4)
        chargeCompared(run, new ItemList(pairs.map(({ key }) => key)))
        return new ItemList(sorted(run, pairs))
      },
    }
  },
}
