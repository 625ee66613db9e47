// Rules that are written as a line of their own, without a body.
import { signatureOf } from '../builtins/signatures.ts'
import type { Body, Call, Expr, Head, Location, Ref, Rule, Term } from './ast.ts'
import { dotted } from './names.ts'
import { EMPTY_HEAD, trueBody } from './rules.ts'

/** v0's short forms, where a line of its own is a rule: `p = 1`, `p[x] = y`, `p["a"]`, `f(x) = y`. A text says why it is none. */
export function ruleOfBody(body: Body): Rule | string {
  const [line, second] = body
  if (line === undefined || second !== undefined) return 'multiple expressions cannot be used for rule head'
  if (line.with.length > 0) return 'expressions using with keyword cannot be used for rule head'
  if (line.negated) return 'negated expressions cannot be used for rule head'
  const { terms } = line
  switch (terms.kind) {
    case 'some':
      return "'some' declarations cannot be used for rule head"
    case 'every':
    case 'not':
    case 'and':
    case 'or':
      return 'expression cannot be used for rule head'
    case 'call':
      return ruleOfCall(terms, line)
    case 'ref':
      return ruleOfRef(terms)
    default:
      return `${terms.kind} cannot be used for rule name`
  }
}

function implicit(head: Pick<Head, 'ref'> & Partial<Head>, bodyAt: Location, at: Location): Rule {
  return {
    kind: 'rule',
    default: false,
    head: { kind: 'head', ...EMPTY_HEAD, at, ...head },
    body: trueBody(bodyAt),
    generatedBody: true,
    else: undefined,
    annotations: [],
    at,
  }
}

function ruleOfRef(ref: Ref): Rule | string {
  const [name, key, ...more] = ref.parts
  if (more.length > 0 && name.kind !== 'var') return `invalid rule head: ${name.kind}`
  if (more.length > 0) {
    return implicit({ ref, value: { kind: 'boolean', value: true, at: ref.at }, generatedValue: true }, ref.at, ref.at)
  }
  if (key === undefined) return 'refs cannot be used for rule head'
  if (name.kind !== 'var') return `invalid rule head: ${name.kind}`
  return implicit({ ref: { ...ref, parts: [name] }, key }, ref.at, ref.at)
}

function ruleOfCall(terms: Call, line: Expr): Rule | string {
  const operator = dotted(terms.operator)
  if (operator === 'eq' || operator === 'assign') {
    const [left, right] = terms.args
    if (left === undefined || right === undefined) return 'assignment requires two operands'
    const rule = ruleOfEquality(left, right)
    if (typeof rule === 'string') return rule
    return { ...rule, at: line.at, head: { ...rule.head, at: line.at, assign: operator === 'assign' } }
  }
  if (operator !== undefined && signatureOf(operator) !== undefined) return 'rule name conflicts with built-in function'
  if (terms.args.length === 0) return 'rule argument list must take at least one argument'
  const { at } = terms.operator
  if (terms.operator.parts[0].kind !== 'var') return `invalid rule head: ${terms.operator.parts[0].kind}`
  return implicit({ ref: terms.operator, args: terms.args, value: { kind: 'boolean', value: true, at } }, at, at)
}

function ruleOfEquality(left: Term, value: Term): Rule | string {
  if (left.kind === 'call' && left.operator.parts[0].kind === 'var') {
    return implicit({ ref: left.operator, args: left.args.length > 0 ? left.args : undefined, value }, value.at, left.at)
  }
  if (left.kind === 'var') return implicit({ ref: { kind: 'ref', parts: [left], at: left.at }, value }, value.at, left.at)
  if (left.kind !== 'ref') return `${left.kind} cannot be used for rule name`
  if (left.parts[0].kind !== 'var') return `invalid rule head: ${left.parts[0].kind}`
  const key = left.parts.length === 2 ? { key: left.parts[1] } : {}
  return implicit({ ref: left, value, ...key }, value.at, value.at)
}
