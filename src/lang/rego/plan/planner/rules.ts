// A group of rules as a function.
import type { CompiledRule } from '../../compile/compiled.ts'
import { constantOf } from '../../compile/constant.ts'
import type { Term } from '../../syntax/ast.ts'
import { equal } from '../../values/order.ts'
import type { Block, Func, Operand } from '../ir.ts'
import { lateConditions, planBodies, planConditions } from './bodies.ts'
import { planBody } from './body.ts'
import { Code, local } from './code.ts'
import { unplannable } from './errors.ts'
import type { Program } from './program.ts'
import { planTerm } from './terms.ts'
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
  const agree = allSame(rules)
  const among = { agree, sole: rules.length === 1 || agree }
  planBodies(code, rules, args, {
    alike: true,
    begin: (rule) => planArguments(code, rule, args),
    end: (rule, start, repeated) => planValue(code, rule, result, { ...among, start, repeated }),
    ordered: (rule) => planOrdered(code, rule, args, result, among),
  })
  const fallback = group.rules.find((rule) => rule.default)
  if (fallback !== undefined) planDefault(code, fallback, args, result)
  else code.emit({ type: 'ReturnStmt', source: local(result) })
}

/** What a rule is among those of its name. */
interface Among {
  /** There is no other rule, or none of another value. */
  readonly sole: boolean
  /** All of them, and what is behind `else`, have one constant value. */
  readonly agree: boolean
}

interface Solution extends Among {
  /** The block that the body began in. */
  readonly start: number
  readonly repeated: boolean
}

/**
 * The value of a solution. It ends the function if there can be no other one. Else OPA goes through the others too, if only for what may be in
 * conflict on the way.
 */
function planValue(code: Code, rule: CompiledRule, result: number, { sole, agree, start, repeated }: Solution): void {
  code.at(rule.head.at)
  const source = planTerm(code, headValue(rule))
  code.visit(rule.head.at)
  const isOnly = !repeated && code.depth === start
  if (agree || (sole && isOnly)) {
    code.emit({ type: 'ReturnStmt', source })
    return
  }
  code.emit({ type: 'AssignVarOnceStmt', source, target: result })
}

/** A rule with `else`: each body is tried where those before it had no value. */
function planOrdered(code: Code, rule: CompiledRule, args: readonly Operand[], result: number, among: Among): void {
  const value = code.local()
  code.emit({ type: 'ResetLocalStmt', target: value })
  const blocks: Block[] = []
  for (let each: CompiledRule | undefined = rule; each !== undefined; each = each.else) {
    const body = each
    blocks.push(
      code.block(() => {
        const start = code.depth
        code.at(body.head.at)
        if (body !== rule) code.emit({ type: 'IsUndefinedStmt', source: value })
        code.scope(() => {
          planConditions(code, lateConditions(code, body), args)
          planArguments(code, body, args)
          planBody(code, body.body)
          planValue(code, body, value, { ...among, start, repeated: false })
        })
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
    const source = planTerm(code, headValue(rule))
    code.visit(rule.head.at)
    code.emit({ type: 'ReturnStmt', source })
  })
}

/** A set or an object that all solutions of all rules add to. */
function planPartial(code: Code, group: Group, keys: readonly Operand[]): void {
  const result = code.local()
  code.emit({ type: group.kind === 'set' ? 'MakeSetStmt' : 'MakeObjectStmt', target: result })
  const depth = group.path.length
  const pathOf = (rule: CompiledRule) => rule.path.parts.slice(depth)
  planBodies(code, group.rules, [], {
    alike: keys.length === 0,
    begin: (rule) => planKeys(code, rule, pathOf(rule), keys),
    end: (rule) => planMember(code, rule, pathOf(rule), result),
    ordered: () => unplannable(code, 'a rule of a set or an object has else'),
  })
  code.emit({ type: 'ReturnStmt', source: local(result) })
}

/** Matches what a rule adds with the keys that are asked for. */
function planKeys(code: Code, { head }: CompiledRule, path: readonly Term[], keys: readonly Operand[]): void {
  const pattern = head.value === undefined && head.key !== undefined ? [...path, head.key] : path
  pattern.slice(0, keys.length).forEach((part, at) => {
    unifyOperand(code, keys[at]!, part)
  })
}

/** Adds what a solution is. */
function planMember(code: Code, { head }: CompiledRule, path: readonly Term[], object: number): void {
  code.at(head.at)
  const places = path.map((part) => planTerm(code, part))
  const value = planTerm(code, head.value ?? head.key ?? unplannable(code, 'a rule has neither key nor value'))
  code.visit(head.at)
  if (path.length === 0) code.emit({ type: 'SetAddStmt', set: object, value })
  else code.emit({ type: 'InsertPathStmt', object, path: places, value, leaf: head.value === undefined ? 'member' : 'value' })
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
