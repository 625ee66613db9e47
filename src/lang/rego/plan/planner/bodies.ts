// The bodies of a group's rules, side by side. What rules demand of single values is looked up in an index; what many begin with alike is
// planned once, and they go on side by side for each of its solutions.
import type { CompiledRule } from '../../compile/compiled.ts'
import type { Index, Operand } from '../ir.ts'
import { planBody, planExpr } from './body.ts'
import { canonical } from './canonical.ts'
import type { Code } from './code.ts'
import { conditionsOf, type Source } from './conditions.ts'
import { sharedPaths } from './hoist.ts'
import { buildIndexes, indexEach } from './indexes.ts'

/** Rules that begin alike before their beginning is planned once. */
const MANY = 3
/** Beginnings within beginnings. */
const MAX_LEVELS = 50

export interface Plans {
  /** Whether all rules of the group begin in the same way, but for the names of their variables. */
  readonly alike: boolean
  /** What stands before the body: the arguments are matched. */
  readonly begin: (rule: CompiledRule) => void
  /** What follows a solution. `repeated`: the body stands in a loop already, so it may have many. */
  readonly end: (rule: CompiledRule, start: number, repeated: boolean) => void
  /** Instead of both, for a rule with `else`. */
  readonly ordered: (rule: CompiledRule) => void
}

/** Plans the bodies; `args` are the values of the rules' arguments. */
export function planBodies(code: Code, rules: readonly CompiledRule[], args: readonly Operand[], plans: Plans): void {
  for (const path of sharedPaths(rules)) code.hoist(path)
  new Bodies(code, args, plans).plan(
    rules.map((rule) => ({ rule, at: 0, variables: rule.head.args?.flatMap((arg) => (arg.kind === 'var' ? [arg.name] : [])) ?? [] })),
    undefined,
    0,
    false,
  )
}

/** A rule whose body is planned up to a place. */
interface Item {
  readonly rule: CompiledRule
  readonly at: number
  /** Its variables up to there, in the order of `canonical`. */
  readonly variables: readonly string[]
}

class Bodies {
  readonly #code: Code
  readonly #args: readonly Operand[]
  readonly #plans: Plans

  constructor(code: Code, args: readonly Operand[], plans: Plans) {
    this.#code = code
    this.#args = args
    this.#plans = plans
  }

  /** `first`: one whose names the variables have, where the items have begun. */
  plan(items: readonly Item[], first: Item | undefined, level: number, repeated: boolean): void {
    const conditions = items.map(({ rule, at, variables }) => conditionsOf(rule, at, first === undefined ? [] : variables))
    const { sources, indexes, rest } = this.#code.program.traced ? indexEach(conditions) : buildIndexes(conditions)
    const operands = sources.map((source) => this.#operand(source, first))
    const groups = this.#plans.alike && !this.#code.program.traced && level < MAX_LEVELS ? this.#alike(rest.map((at) => items[at]!)) : []
    const grouped = new Set(groups.flat())
    const alone = items.filter((item) => !grouped.has(item))
    const places = new Map(alone.map((item, at) => [item, at]))
    const numbers = new Map(items.map((item, at) => [at, places.get(item) ?? -1]))
    const code = this.#code
    const blocks = [
      ...alone.map((item) => code.block(() => code.scope(() => this.#alone(item, first, repeated))).block),
      ...groups.map((group) => code.block(() => code.scope(() => this.#together(group, first, level, repeated))).block),
    ]
    code.emit({ type: 'SelectStmt', sources: operands, indexes: indexes.map((index) => renumber(index, numbers)), blocks })
  }

  #alone(item: Item, first: Item | undefined, repeated: boolean): void {
    const { rule, at } = item
    if (rule.else !== undefined) {
      this.#plans.ordered(rule)
      return
    }
    const start = this.#code.depth
    this.#code.at(rule.head.at)
    if (first === undefined) this.#plans.begin(rule)
    else this.#rename(first, item)
    planBody(this.#code, rule.body.slice(at))
    this.#plans.end(rule, start, repeated)
  }

  #together(group: readonly Item[], first: Item | undefined, level: number, repeated: boolean): void {
    const start = this.#code.depth
    const [leader] = group as [Item, ...Item[]]
    if (first === undefined) this.#plans.begin(leader.rule)
    else this.#rename(first, leader)
    let items = group
    for (;;) {
      planExpr(this.#code, items[0]!.rule.body[items[0]!.at]!)
      items = items.map(next)
      const [same] = this.#alike(items)
      if (same?.length !== items.length) break
    }
    this.plan(items, items[0], level + 1, repeated || this.#code.depth > start)
  }

  /** Items that go on with the same expression, where they are many. */
  #alike(items: readonly Item[]): Item[][] {
    const groups = new Map<string, Item[]>()
    for (const item of items) {
      const expr = item.rule.body[item.at]
      if (expr === undefined || item.rule.else !== undefined || !hasPlainArguments(item.rule)) continue
      const text = canonical(expr, [...item.variables])
      const group = groups.get(text)
      if (group === undefined) groups.set(text, [item])
      else group.push(item)
    }
    return [...groups.values()].filter((group) => group.length >= MANY)
  }

  /** Gives a rule's variables the values that those of another one have which has begun in the same way. */
  #rename(from: Item, to: Item): void {
    const values = from.variables.map((name) => this.#code.lookUp(name))
    to.variables.forEach((name, at) => {
      const value = values[at]
      if (value !== undefined && name !== from.variables[at]) this.#code.bind(name, value)
    })
  }

  #operand({ from, at, path }: Source, first: Item | undefined): number {
    if (from === 'input') return this.#code.hoist(path)
    const value = from === 'argument' ? this.#args[at]! : this.#code.lookUp(first!.variables[at]!)!
    return this.#code.follow(value, path)
  }
}

function next({ rule, at, variables }: Item): Item {
  const more = [...variables]
  canonical(rule.body[at]!, more)
  return { rule, at: at + 1, variables: more }
}

/** Whether the arguments are variables of their own, so that they are known by their place. */
function hasPlainArguments({ head }: CompiledRule): boolean {
  const names = head.args?.map((arg) => (arg.kind === 'var' ? arg.name : '')) ?? []
  return !names.includes('') && new Set(names).size === names.length
}

/** The index with the numbers that rules have now. */
function renumber(index: Index, numbers: ReadonlyMap<number, number>): Index {
  if (!('source' in index)) return index.map((at) => numbers.get(at)!)
  const cases = index.cases.map(([value, below]) => [value, renumber(below, numbers)] as const)
  return { ...index, cases, other: renumber(index.other, numbers) }
}
