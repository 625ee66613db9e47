// What is called must be there, with as many arguments as it takes.

import type { Signature } from '../builtins/signatures.ts'
import type { Expr, Ref, Rule } from '../syntax/ast.ts'
import { dotted } from '../syntax/names.ts'
import { type Node, walkExprs, walkRule } from '../syntax/walk.ts'
import { nodeAt, type RuleNode } from './compiled.ts'
import type { Compilation } from './draft.ts'
import { mapRef, renamed } from './map.ts'
import type { Arity } from './outputs.ts'
import { calls, isComprehension } from './terms.ts'
import { refText } from './text.ts'
import { arityMismatch } from './types/check.ts'

export type Builtins = (name: string) => Signature | undefined

/** A builtin of this name, whatever characters its ref needs to be written. */
export function builtinOf(ref: Ref, builtins: Builtins): Signature | undefined {
  const name = dotted(ref)
  return name === undefined ? undefined : builtins(name)
}

export function arityIn(tree: RuleNode, builtins: Builtins): Arity {
  return (ref) => {
    const builtin = builtinOf(ref, builtins)
    if (builtin !== undefined) return builtin.type.params.length
    const rule = nodeAt(tree, ref.parts)?.rules[0]
    return rule === undefined ? undefined : (rule.head.args?.length ?? 0)
  }
}

export function checkFunctions(compilation: Compilation, arity: Arity): void {
  const check = functionCheck(compilation, arity)
  for (const module of compilation.modules) {
    for (const rule of module.all) {
      const { comprehensions, templates, print } = rule.features
      if (comprehensions || templates || print) walkRule(rule, check)
      else walkExprs(rule.body, check)
    }
  }
}

/** A visitor of expressions that reports calls of what is not there or with too few or many arguments. */
export function functionCheck({ report, written, builtins }: Pick<Compilation, 'report' | 'written' | 'builtins'>, arity: Arity) {
  return (node: Node): boolean => {
    if (node.kind !== 'expr' || node.terms.kind !== 'call') return false
    const { operator, args } = node.terms
    const wanted = arity(operator)
    if (wanted !== undefined && isCalledRight(node, args.length, wanted)) return false
    const name = refText(mapRef(operator, (part) => renamed(part, written)))
    const builtin = builtinOf(operator, builtins)
    if (wanted === undefined) report.add('rego_type_error', node.at, `undefined function ${name}`)
    else if (builtin === undefined) report.add('rego_type_error', node.at, wrongArity())
    else report.addAll([arityMismatch(name, node.at, args, builtin.type)])
    return true

    function wrongArity(): string {
      const given = node.kind === 'expr' && node.generated ? args.length - 1 : args.length
      return `function ${name} has arity ${wanted}, got ${given} argument${given === 1 ? '' : 's'}`
    }
  }
}

/** Where the compiler has made the expression, there is one more operand: the result. */
function isCalledRight(expr: Expr, given: number, wanted: number): boolean {
  if (expr.generated) return calls(expr.terms, 'eq') || given === wanted + 1
  return given === wanted || given === wanted + 1
}

export function checkUnsafeBuiltins({ modules, report }: Compilation, unsafe: ReadonlySet<string>): void {
  for (const module of modules) for (const rule of module.all) walkRule(rule, unsafeCheck(report, unsafe))
}

export const unsafeCheck = (report: Compilation['report'], unsafe: ReadonlySet<string>) => (node: Node) => {
  const name = node.kind === 'expr' && node.terms.kind === 'call' ? refText(node.terms.operator) : undefined
  if (name !== undefined && unsafe.has(name)) {
    report.minor('rego_type_error', node.at, `unsafe built-in function calls in expression: ${name}`)
  }
  return false
}

/** OPA looks for deprecated builtins once its type checker has met one, which does not go into the bodies of `every` and `not`. */
export function checkDeprecated({ modules, strict, report, builtins }: Compilation): void {
  const rules = modules.flatMap((module) => module.all.filter((rule) => rule.features.deprecated))
  if (!rules.some((rule) => meetsDeprecated(rule, builtins))) return
  const check = deprecatedCheck(report, builtins)
  for (const rule of rules) if (strict || rule.module.version !== 'v0') walkRule(rule, check)
}

function meetsDeprecated(rule: Rule, builtins: Builtins): boolean {
  const isDeprecated = ({ terms }: Expr) => terms.kind === 'call' && builtinOf(terms.operator, builtins)?.deprecated === true
  let met = rule.body.some(isDeprecated)
  walkRule(rule, (node) => {
    if (isComprehension(node)) met ||= node.body.some(isDeprecated)
    return met
  })
  return met
}

/** A visitor that reports calls, standing alone or not, of builtins that are deprecated. */
export const deprecatedCheck = (report: Compilation['report'], builtins: Builtins) => (node: Node) => {
  const call = node.kind === 'expr' ? node.terms : node
  if (call.kind !== 'call' || !builtinOf(call.operator, builtins)?.deprecated) return false
  const at = node.kind === 'expr' ? node.at : call.operator.at
  report.minor('rego_type_error', at, `deprecated built-in function calls in expression: ${refText(call.operator)}`)
  return false
}
