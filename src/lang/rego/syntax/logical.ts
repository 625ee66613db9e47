// `not { … }` and the experimental `and` and `or`, where `future.keywords` imports them. Their operands are bodies: `{ … }` or one expression.
import type { Body, Call, Expr, Location, Term } from './ast.ts'
import { attachWith, expr, hasLogical, isNegation, parseBody, parseOperationLine } from './bodies.ts'
import type { Cursor } from './cursor.ts'
import { parseInfix, parseTerm } from './terms.ts'

interface Operand {
  readonly body: Body
  /** Written with braces. */
  readonly explicit: boolean
  readonly at: Location
}

/** `none` where what stands here is something else, and the cursor has not moved; undefined, with an error, where it is wrong. */
type Attempt<T> = T | undefined | 'none'

/** `{ … } and …` on a line of its own. */
export function parseLogicalBraces(p: Cursor): Attempt<Expr> {
  const state = p.save()
  const begin = p.token.at
  if (p.noOperand.has(begin.start)) return 'none'
  const body = p.withKeywords([...p.keywords], () => {
    p.scan()
    return parseBody(p, '}')
  })
  if (body !== undefined) p.scan()
  if (body === undefined || !p.is('and', 'or')) {
    p.restore(state)
    p.noOperand.add(begin.start)
    return 'none'
  }
  if (refuseAmbiguousUnion(p, begin, body, '')) return undefined
  return parseChain(p, { body, explicit: true, at: begin })
}

/** `(a or b)` at the beginning of a line. */
export function parseGroupStatement(p: Cursor): Attempt<Expr> {
  const group = parseGroup(p, false, '')
  if (group === 'none' || group === undefined) return group
  return parseOperandTail(p, group.body, group.explicit, group.at)
}

/** `not (a or b)`, with the cursor at the parenthesis. */
export function parseNotGroup(p: Cursor, not: Location): Attempt<Expr> {
  const group = parseGroup(p, true, 'not ')
  if (group === 'none' || group === undefined) return group
  const at = p.since(not)
  return parseOperandTail(p, [negation(group, at)], false, at)
}

/** `not { … }`, with the cursor at the brace. */
export function parseNotBody(p: Cursor, not: Location): Expr | undefined {
  const body = parseBraces(p, 'not', () => reportValueInBraces(p, 'not '))
  if (body === undefined) return undefined
  if (refuseAmbiguousUnion(p, body.at, body.body, 'not ')) return undefined
  return negation(body, p.since(not))
}

const negation = ({ body, explicit }: Operand, at: Location): Expr => expr({ kind: 'not', body, explicit, at }, at)

/** What follows a whole operand: operators and `with`. */
export function parseOperandTail(p: Cursor, body: Body, explicit: boolean, at: Location): Expr | undefined {
  return p.is('and', 'or') ? parseChain(p, { body, explicit, at }) : attachWith(p, body[0]!)
}

/** An expression that turns out to be the first operand. `withAt` is where its `with` stood. */
export function completeLogical(
  p: Cursor,
  first: Expr,
  not: Location | undefined,
  withAt: Location | undefined,
  begin: Location,
): Expr | undefined {
  const operator = p.token.kind
  if (withAt !== undefined) {
    refuseWith(p, withAt)
    return undefined
  }
  const at = first.terms.kind === 'not' ? first.at : p.since(begin)
  const text = p.textOf(at)
  if (not === undefined && text.startsWith('{')) {
    if (first.terms.kind === 'object' && first.terms.entries.length === 0) p.error(at, 'found empty body')
    else refuseBraces(p, at, text, operator)
    return undefined
  }
  return parseChain(p, { body: [first], explicit: false, at })
}

function parseChain(p: Cursor, first: Operand): Expr | undefined {
  const chain = p.nested(() => parseOr(p, first))
  return chain && attachWith(p, chain)
}

function parseOr(p: Cursor, first: Operand): Expr | undefined {
  let left: Operand | undefined = parseAnd(p, first)
  while (left !== undefined && p.is('or')) {
    p.scan()
    const operand = parseOperand(p, 'or')
    const right = operand && parseAnd(p, operand)
    left = right && join(p, 'or', left, right)
  }
  return left?.body[0]
}

/** `and` binds tighter. */
function parseAnd(p: Cursor, first: Operand): Operand | undefined {
  let left: Operand | undefined = first
  while (left !== undefined && p.is('and')) {
    p.scan()
    const right = parseOperand(p, 'and')
    left = right && join(p, 'and', left, right)
  }
  return left
}

function join(p: Cursor, kind: 'and' | 'or', left: Operand, right: Operand): Operand {
  for (const { body } of [left, right]) refuseVoidCalls(p, body, kind)
  const at = p.since(left.at)
  const node = { kind, left: left.body, right: right.body, explicitLeft: left.explicit, explicitRight: right.explicit, at }
  return { body: [expr(node, at)], explicit: false, at }
}

/** `operator` is undefined where the caller goes back if there is no operand. */
function parseOperand(p: Cursor, operator: 'and' | 'or' | undefined): Operand | undefined {
  const begin = p.token.at
  if (p.is('{')) {
    const braces = parseBraces(p, operator, () => operator !== undefined && reportBraces(p, operator))
    if (braces !== undefined) refuseAmbiguousUnion(p, braces.at, braces.body, '')
    return braces
  }
  const not = isNegation(p) ? begin : undefined
  if (not !== undefined) p.scan()
  if (not !== undefined && p.notBodies && p.is('{')) {
    const inner = parseNotBody(p, not)
    return inner && { body: [inner], explicit: false, at: inner.at }
  }
  if (p.is('(') && hasLogical(p) && (not === undefined || p.notBodies)) {
    const group = parseGroup(p, true, not === undefined ? '' : 'not ')
    if (group !== 'none') {
      if (group === undefined || not === undefined) return group
      const at = p.since(not)
      return { body: [negation(group, at)], explicit: false, at }
    }
  }
  const parsed = parseOperationLine(p)
  if (parsed === undefined) return undefined
  if (not === undefined) return { body: [parsed], explicit: false, at: parsed.at }
  const at = p.since(not)
  const negated = p.notBodies ? negation({ body: [parsed], explicit: false, at }, at) : { ...parsed, negated: true }
  return { body: [negated], explicit: false, at: negated.at }
}

/** `{ body }`. Where the braces hold no body but perhaps a value, `reportValue` says so in place of the body's error. */
function parseBraces(p: Cursor, reportTo: string | undefined, reportValue: () => boolean): Operand | undefined {
  const begin = p.token.at
  const state = p.save()
  p.scan()
  const empty = p.is('}')
  const body = parseBody(p, '}')
  if (body !== undefined) {
    p.scan()
    return { body, explicit: true, at: begin }
  }
  if (empty || reportTo === undefined) return undefined
  const failed = p.save()
  p.restore(state)
  if (!reportValue()) p.restore(failed)
  return undefined
}

/** `( operand )`, `( operand and … )`. In a context where no operand is wanted, parentheses around one expression are a term's own. */
function parseGroup(p: Cursor, operandWanted: boolean, prefix: string): Attempt<Operand> {
  return p.nested(() => parseGroupHere(p, operandWanted, prefix))
}

function parseGroupHere(p: Cursor, operandWanted: boolean, prefix: string): Attempt<Operand> {
  const state = p.save()
  const open = p.token.at
  const none = () => {
    p.restore(state)
    return 'none' as const
  }
  const closed = (body: Body, explicit: boolean): Operand | undefined => {
    if (!p.is(')')) {
      p.error(p.token.at, 'expected ) to close parenthesized group')
      return undefined
    }
    p.scan()
    return { body, explicit, at: p.since(open) }
  }
  p.scan()
  if (p.is(')')) {
    if (!operandWanted) return none()
    p.error(open, 'empty parenthesized group')
    return undefined
  }
  const first = parseOperand(p, undefined)
  if (first === undefined) return none()
  if (p.is('and', 'or')) {
    const chain = parseChain(p, first)
    return chain && closed([chain], false)
  }
  if (p.is('with') && !first.explicit) {
    const withAt = p.token.at
    const modified = attachWith(p, first.body[0]!)
    if (modified === undefined) return undefined
    if (p.is('and', 'or')) {
      refuseWith(p, withAt)
      return undefined
    }
    const group = closed([modified], false)
    return group === undefined || operandWanted || p.is('and', 'or') ? group : none()
  }
  if (first.explicit) {
    const braces = p.textOf(p.since(first.at))
    p.restore(state)
    const isTerm = p.would(() => {
      p.scan()
      return parseTerm(p) !== undefined
    })
    if (isTerm) return 'none'
    p.hint(`drop the parens to keep the body: \`${prefix}${braces}\``)
    p.error(open, '`(...)` in an operand position cannot contain a body')
    return undefined
  }
  const [only] = first.body
  const { kind } = only!.terms
  return kind === 'and' || kind === 'or' || kind === 'not' || only!.negated ? closed(first.body, false) : none()
}

function refuseWith(p: Cursor, at: Location): void {
  const operator = p.token.kind
  p.hint(
    `Wrap the operand in \`(...)\` or \`{...}\` to scope, or move \`with\` after the \`${operator}\` expression to apply it to the whole expression`,
  )
  p.error(at, `\`with\` modifier is not allowed on operand of \`${operator}\``)
}

function refuseBraces(p: Cursor, at: Location, operand: string, operator: string): void {
  p.hint(`wrap the operand to keep the value: \`(${operand}) ${operator} ...\``)
  p.error(at, `operand of \`${operator}\` cannot begin with \`{\` unless the braces hold a body`)
}

function reportBraces(p: Cursor, operator: string): boolean {
  const begin = p.token.at
  if (parseInfix(p) === undefined) return false
  refuseBraces(p, begin, p.textOf(p.since(begin)), operator)
  return true
}

function reportValueInBraces(p: Cursor, prefix: string): boolean {
  const begin = p.token.at
  const term = parseInfix(p)
  if (term === undefined) return false
  const operand = p.textOf(p.since(begin))
  p.hint(`write \`${prefix}(${operand})\` to negate the value, or \`${prefix}{${operand}}\` for a body holding it`)
  p.error(begin, `\`{...}\` in an operand position must contain expression(s), got: ${firstValue(term).kind}`)
  return true
}

/** The value that the leading brace opens. */
const firstValue = (term: Term): Term => (term.kind === 'call' && term.at.start < term.operator.at.start ? firstValue(term.args[0]!) : term)

/** `{ a | b }` as a body looks like a comprehension. */
function refuseAmbiguousUnion(p: Cursor, at: Location, body: Body, prefix: string): boolean {
  const terms = body[0]?.terms
  if (terms?.kind !== 'call' || p.textOf(terms.operator.at) !== '|' || p.textOf(body[0]!.at).trimStart().startsWith('(')) return false
  const braces = p.textOf(p.since(at))
  const inner = p.textOf(body[0]!.at)
  p.hint(`write \`${prefix}(${braces})\` for the comprehension, or \`${prefix}${braces.replace(inner, `(${inner})`)}\` for the set union`)
  p.error(at, 'ambiguous `{ ... | ... }` operand: read as a body holding a set-union expression, not as a comprehension')
  return true
}

/** `print(…)` alone always holds. */
function refuseVoidCalls(p: Cursor, body: Body, operator: string): void {
  if (!body.every((line) => !line.negated && line.terms.kind === 'call' && p.textOf((line.terms as Call).operator.at) === 'print')) return
  p.hint(
    '`print` produces no value and always succeeds, so the operand can never fail; move it out of the operand, or add an expression that can fail',
  )
  p.error(body[0]!.at, `operand of \`${operator}\` cannot consist only of calls to \`print\``)
}
