// The bodies of a group's rules, side by side. What rules demand of single values is looked up in an index; what many begin with alike is
// planned once, and they go on side by side for each of its solutions.
import type { CompiledRule } from '../../compile/compiled.ts'
import { keyOf } from '../../values/key.ts'
import type { Index, Operand } from '../ir.ts'
import { planBody, planExpr } from './body.ts'
import { canonical } from './canonical.ts'
import type { Code } from './code.ts'
import { type Condition, conditionsOf, type Source } from './conditions.ts'
import { sharedPaths } from './hoist.ts'
import { buildIndexes } from './indexes.ts'

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
    rules.map((rule) => ({
      rule,
      at: 0,
      variables: rule.head.args?.flatMap((arg) => (arg.kind === 'var' ? [arg.name] : [])) ?? [],
      late: rule.else === undefined ? lateConditions(code, rule) : [],
    })),
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
  /** Conditions that must be asked before the body, and have not been yet. */
  readonly late: readonly Condition[]
}

interface Step {
  /** The same for all items that go on in the same way. */
  readonly text: string
  readonly after: Item
}

class Bodies {
  readonly #steps = new Map<Item, Step>()
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
    const conditions = items.map(({ rule, at, variables }) =>
      rule.else === undefined ? conditionsOf(this.#code.program.tree, rule, at, first === undefined ? [] : variables) : [],
    )
    const { sources, indexes, rest } = buildIndexes(this.#code.program.traced ? conditions.map(() => []) : conditions)
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
    planConditions(this.#code, item.late, this.#args)
    if (first === undefined) this.#plans.begin(rule)
    else this.#rename(first, item)
    planBody(this.#code, rule.body.slice(at))
    this.#plans.end(rule, start, repeated)
  }

  #together(group: readonly Item[], first: Item | undefined, level: number, repeated: boolean): void {
    const start = this.#code.depth
    const [leader] = group as [Item, ...Item[]]
    planConditions(this.#code, leader.late, this.#args)
    if (first === undefined) this.#plans.begin(leader.rule)
    else this.#rename(first, leader)
    let items = group
    for (;;) {
      planExpr(this.#code, items[0]!.rule.body[items[0]!.at]!)
      items = items.map((item) => this.#step(item)!.after)
      const [same] = this.#alike(items)
      if (same?.length !== items.length) break
    }
    this.plan(items, items[0], level + 1, repeated || this.#code.depth > start)
  }

  /** Items that go on with the same expression, where they are many. */
  #alike(items: readonly Item[]): Item[][] {
    if (items.length < MANY) return []
    const groups = new Map<string, Item[]>()
    for (const item of items) {
      const text = this.#step(item)?.text
      if (text === undefined) continue
      const group = groups.get(text)
      if (group === undefined) groups.set(text, [item])
      else group.push(item)
    }
    return [...groups.values()].filter((group) => group.length >= MANY)
  }

  /** What an item does next; nothing that others may do as well, where it is at its end or begins in a way of its own. */
  #step(item: Item): Step | undefined {
    const known = this.#steps.get(item)
    if (known !== undefined) return known
    const { rule, at, late } = item
    const expr = rule.body[at]
    if (expr === undefined || rule.else !== undefined || !hasPlainArguments(rule)) return undefined
    const variables = [...item.variables]
    const before = late.map(({ key, test, values }) => [key, test, ...values.map(keyOf)])
    const text = `${canonical(expr, variables)}${JSON.stringify(before)}`
    const step = { text, after: { rule, at: at + 1, variables, late: [] } }
    this.#steps.set(item, step)
    return step
  }

  /** Gives a rule's variables the values that those of another one have which has begun in the same way. */
  #rename(from: Item, to: Item): void {
    const values = from.variables.map((name) => this.#code.lookUp(name))
    to.variables.forEach((name, at) => {
      const value = values[at]
      if (value !== undefined && name !== from.variables[at]) this.#code.bind(name, value)
    })
  }

  #operand(source: Source, first: Item | undefined): number {
    if (source.from !== 'variable') return planSource(this.#code, source, this.#args)
    return this.#code.follow(this.#code.lookUp(first!.variables[source.at]!)!, source.path)
  }
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

/**
 * What must hold of the input, of the store and of arguments before anything of the body is asked that can end an evaluation. In a plan
 * that is traced that is all there is: what OPA's index passes over is not reached.
 */
export function lateConditions(code: Code, rule: CompiledRule): readonly Condition[] {
  return conditionsOf(code.program.tree, rule, 0, []).filter(({ late }) => late || code.program.traced)
}

export function planConditions(code: Code, conditions: readonly Condition[], args: readonly Operand[]): void {
  for (const { source, test, values } of conditions) {
    const value = planSource(code, source, args)
    if (test === 'defined') code.emit({ type: 'IsDefinedStmt', source: value })
    else code.emit({ type: 'TestStmt', source: value, test, values: values.map((each) => code.program.constant(each)) })
  }
}

function planSource(code: Code, { from, at, path }: Source, args: readonly Operand[]): number {
  if (from === 'input') return code.hoist(path)
  return code.follow(from === 'data' ? code.data : args[at]!, path)
}
