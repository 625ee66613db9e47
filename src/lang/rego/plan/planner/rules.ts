// A group of rules as a function.
import type { CompiledRule } from '../../compile/compiled.ts'
import type { Term } from '../../syntax/ast.ts'
import { equal } from '../../values/order.ts'
import type { Block, Func, Operand } from '../ir.ts'
import { planBody } from './body.ts'
import { Code, local } from './code.ts'
import { conditionsOf } from './conditions.ts'
import { unplannable } from './errors.ts'
import { sharedPaths } from './hoist.ts'
import { buildIndexes } from './indexes.ts'
import type { Program } from './program.ts'
import { constantOf, planTerm } from './terms.ts'
import type { Group } from './tree.ts'
import { unifyOperand } from './unify.ts'

/** Plans the function of a group: of its whole document, or of what its first `keys` keys select, which are parameters then. */
export function planGroup(program: Program, group: Group, keys: number): Pick<Func, 'params' | 'blocks'> {
  const params = Array.from({ length: 2 + (group.isFunction ? group.arity : keys) }, (_, at) => at)
  const code = new Code(program, params.length)
  const args = params.slice(2).map(local)
  const { block } = code.block(() => {
    if (group.kind === 'value') planComplete(code, group, args)
    else planPartial(code, group, args)
  })
  return { params, blocks: [block] }
}

/** A complete rule or a function: its bodies give one value, or values that are equal. */
function planComplete(code: Code, group: Group, args: readonly Operand[]): void {
  const result = code.local()
  const rules = group.rules.filter((rule) => !rule.default)
  const sole = rules.length === 1 || allSame(rules)
  planBodies(code, rules, args, (rule) => {
    if (rule.else === undefined) planRule(code, rule, args, result, sole)
    else planOrdered(code, rule, args, result, sole)
  })
  const fallback = group.rules.find((rule) => rule.default)
  if (fallback !== undefined) planDefault(code, fallback, args, result)
  else code.emit({ type: 'ReturnStmt', source: local(result) })
}

/** The bodies of a group, one after the other, behind what they share; an index passes over those that have no effect. */
function planBodies(code: Code, rules: readonly CompiledRule[], args: readonly Operand[], plan: (rule: CompiledRule) => void): void {
  for (const path of sharedPaths(rules)) code.hoist(path)
  const { sources, indexes } = buildIndexes(rules.map(conditionsOf))
  const operands = sources.map((source) =>
    source.kind === 'input' ? code.hoist(source.path) : (args[source.at] as { value: number }).value,
  )
  const blocks = rules.map((rule) => code.block(() => plan(rule)).block)
  code.emit({ type: 'SelectStmt', sources: operands, indexes, blocks })
}

/** One body. `sole`: no other rule has another value, so that the first solution ends the function if it cannot vary either. */
function planRule(code: Code, rule: CompiledRule, args: readonly Operand[], result: number, sole: boolean): void {
  code.scope(() => {
    const start = code.depth
    code.at(rule.head.at)
    planArguments(code, rule, args)
    planBody(code, rule.body)
    code.at(rule.head.at)
    const source = planTerm(code, headValue(rule))
    const final = code.depth === start || constantOf(headValue(rule)) !== undefined
    if (sole && final) {
      code.emit({ type: 'ReturnStmt', source })
      return
    }
    code.emit({ type: 'AssignVarOnceStmt', source, target: result })
    if (final && code.depth > start) code.leave(start)
  })
}

/** A rule with `else`: each body is tried where those before it had no value. */
function planOrdered(code: Code, rule: CompiledRule, args: readonly Operand[], result: number, sole: boolean): void {
  const value = code.local()
  code.emit({ type: 'ResetLocalStmt', target: value })
  const blocks: Block[] = []
  for (let each: CompiledRule | undefined = rule; each !== undefined; each = each.else) {
    const body = each
    blocks.push(
      code.block(() => {
        if (body !== rule) code.emit({ type: 'IsUndefinedStmt', source: value })
        planRule(code, body, args, value, sole)
      }).block,
    )
  }
  code.emit({ type: 'BlockStmt', blocks })
  code.emit({ type: 'IsDefinedStmt', source: value })
  code.emit({ type: 'AssignVarOnceStmt', source: local(value), target: result })
}

function planDefault(code: Code, rule: CompiledRule, args: readonly Operand[], result: number): void {
  code.at(rule.head.at)
  const known = code.block(() => {
    code.emit({ type: 'IsDefinedStmt', source: result })
    code.emit({ type: 'ReturnStmt', source: local(result) })
  })
  code.emit({ type: 'BlockStmt', blocks: [known.block] })
  code.scope(() => {
    planArguments(code, rule, args)
    planBody(code, rule.body)
    code.emit({ type: 'ReturnStmt', source: planTerm(code, headValue(rule)) })
  })
}

/** A set or an object that all solutions of all rules add to. */
function planPartial(code: Code, group: Group, keys: readonly Operand[]): void {
  const result = code.local()
  code.emit({ type: group.kind === 'set' ? 'MakeSetStmt' : 'MakeObjectStmt', target: result })
  const depth = group.path.length
  planBodies(code, group.rules, [], (rule) => {
    code.scope(() => planPartialRule(code, rule, rule.path.parts.slice(depth), keys, result))
  })
  code.emit({ type: 'ReturnStmt', source: local(result) })
}

function planPartialRule(code: Code, rule: CompiledRule, path: readonly Term[], keys: readonly Operand[], result: number): void {
  code.at(rule.head.at)
  const { value, key } = rule.head
  const member = value === undefined ? key : undefined
  const pattern = member === undefined ? path : [...path, member]
  pattern.slice(0, keys.length).forEach((part, at) => {
    unifyOperand(code, keys[at]!, part)
  })
  planBody(code, rule.body)
  code.at(rule.head.at)
  const places = path.map((part) => planTerm(code, part))
  const source = planTerm(code, member ?? value ?? unplannable(code, 'a rule has neither key nor value'))
  if (path.length === 0) code.emit({ type: 'SetAddStmt', set: result, value: source })
  else code.emit({ type: 'InsertPathStmt', object: result, path: places, value: source, leaf: member === undefined ? 'value' : 'member' })
}

function planArguments(code: Code, rule: CompiledRule, args: readonly Operand[]): void {
  rule.head.args?.forEach((pattern, at) => {
    unifyOperand(code, args[at]!, pattern)
  })
}

/** Whether all bodies have one and the same constant value. */
function allSame(rules: readonly CompiledRule[]): boolean {
  const values = rules.flatMap((rule) => [...bodies(rule)]).map((rule) => constantOf(headValue(rule)))
  const [first] = values
  return first !== undefined && values.every((value) => value !== undefined && equal(value, first))
}

function* bodies(rule: CompiledRule): Iterable<CompiledRule> {
  for (let each: CompiledRule | undefined = rule; each !== undefined; each = each.else) yield each
}

const headValue = (rule: CompiledRule): Term => rule.head.value ?? { kind: 'boolean', value: true, at: rule.head.at }
