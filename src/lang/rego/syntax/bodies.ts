// Bodies and what stands on a line of one (policy-reference, "Grammar": query, literal, expr, some-decl, with-modifier).
import type { Body, Call, Expr, Location, SomeDecl, Term, With } from './ast.ts'
import type { Cursor } from './cursor.ts'
import type { TokenKind } from './lexer.ts'
import { completeLogical, parseGroupStatement, parseLogicalBraces, parseNotBody, parseNotGroup, parseOperandTail } from './logical.ts'
import { call, isRefKeyword, parseInfix, parseOperator, parseTerm, parseVar } from './terms.ts'

/** What an expression has that says nothing of its own. */
export const expr = (terms: Expr['terms'], at: Location): Expr => ({ kind: 'expr', terms, negated: false, with: [], generated: false, at })

/** Lines up to `end`, which stays the token at hand. */
export function parseBody(p: Cursor, end: TokenKind): Body | undefined {
  return p.nested(() => parseLines(p, end, false))
}

/** One line, up to a semicolon: what stands alone in a module, or is a query. */
export function parseStatementBody(p: Cursor): Body | undefined {
  return parseLines(p, 'eof', true)
}

function parseLines(p: Cursor, end: TokenKind, one: boolean): Body | undefined {
  if (p.is(end)) {
    p.error(p.token.at, 'found empty body')
    return undefined
  }
  const body: Expr[] = []
  for (;;) {
    const line = parseLiteral(p)
    if (line === undefined) return undefined
    body.push(line)
    if (p.is(';')) {
      p.scan()
      continue
    }
    if (p.is(end) || one) return body
    if (p.skippedNewline) continue
    if (p.errors.length === 0) {
      hintMissingInfix(p)
      p.illegal(`expected \\n or ; or ${end}`)
    }
    return undefined
  }
}

/** One line of a body. */
export function parseLiteral(p: Cursor): Expr | undefined {
  const begin = p.token.at
  const parsed = parseLiteralHere(p)
  if (parsed === undefined) return undefined
  const at = p.since(begin)
  // `not x` as a node of its own: the line is also the place of the expression in it.
  if (parsed.terms.kind !== 'not' || parsed.terms.explicit) return { ...parsed, at }
  return { ...parsed, at, terms: { ...parsed.terms, body: parsed.terms.body.map((inner) => ({ ...inner, at })) } }
}

function parseLiteralHere(p: Cursor): Expr | undefined {
  const logical = hasLogical(p)
  if (logical && p.is('{')) {
    const parsed = parseLogicalBraces(p)
    if (parsed !== 'none') return parsed
  }
  if (logical && p.is('(')) {
    const parsed = parseGroupStatement(p)
    if (parsed !== 'none') return parsed
  }
  if (isRefKeyword(p) && followedByRef(p)) {
    p.readAsName()
    return parseExpression(p, undefined)
  }
  const not = p.is('not') ? p.token.at : undefined
  if (not !== undefined) p.scan()
  if (not !== undefined && p.notBodies && p.is('{')) {
    const body = parseNotBody(p, not)
    return body && parseOperandTail(p, [body], false, body.at)
  }
  if (p.is('some', 'every') && not !== undefined) {
    p.illegal(`illegal negation of '${p.token.kind}'`)
    return undefined
  }
  if (p.is('some')) return parseSome(p)
  if (p.is('every')) return parseEvery(p)
  return parseExpression(p, not)
}

export const hasLogical = (p: Cursor): boolean => p.hasKeyword('and') || p.hasKeyword('or')

function followedByRef(p: Cursor): boolean {
  const next = p.peek(true)
  return next === '.' || next === '['
}

/** `not` at hand that is the keyword, and no ref `not.x`. */
export const isNegation = (p: Cursor): boolean => p.is('not') && !followedByRef(p)

/** An expression with its `with`; `not` is where the keyword before it stands. */
function parseExpression(p: Cursor, not: Location | undefined): Expr | undefined {
  const begin = p.token.at
  const state = p.save()
  if (not !== undefined && p.notBodies && p.is('(')) {
    const group = parseNotGroup(p, not)
    if (group !== 'none') return group
  }
  let parsed = parseOperationLine(p)
  if (parsed === undefined) return undefined
  const withAt = p.is('with') ? p.token.at : undefined
  if (withAt !== undefined) {
    const modifiers = parseWith(p)
    if (modifiers === undefined) return undefined
    parsed = { ...parsed, with: modifiers }
  }
  if (p.version === 'v0' && parsed.terms.kind === 'var' && parsed.terms.name === 'every') {
    const now = p.save()
    p.restore(state)
    const hinted = p.would(() =>
      p.withKeywords([...p.keywords, 'in', 'every', 'contains', 'if'], () => parseEvery(p)?.terms.kind === 'every'),
    )
    p.restore(now)
    if (hinted) p.hint('`import future.keywords.every` for `every x in xs { ... }` expressions')
  }
  if (not !== undefined && p.notBodies) {
    const at = p.since(not)
    parsed = { ...expr({ kind: 'not', body: [{ ...parsed, with: [] }], explicit: false, at }, at), with: parsed.with }
  } else if (not !== undefined) parsed = { ...parsed, negated: true }
  return p.is('and', 'or') ? completeLogical(p, parsed, not, withAt, begin) : parsed
}

/** Two terms with `:=` or `=` between them, or one term. */
export function parseOperationLine(p: Cursor): Expr | undefined {
  const begin = p.token.at
  const left = parseInfix(p)
  if (left === undefined) return undefined
  if (!p.is('assign', 'eq')) return expr(left, p.since(begin))
  const operator = parseOperator(p)
  const right = parseInfix(p)
  return right && expr(call(operator, [left, right], p.since(begin)), p.since(begin))
}

/** The modifiers at hand. */
export function parseWith(p: Cursor): readonly With[] | undefined {
  const modifiers: With[] = []
  while (p.is('with')) {
    const begin = p.token.at
    p.scan()
    if (!p.is('identifier')) {
      p.illegal('expected ident')
      return undefined
    }
    const target = parseTerm(p)
    if (target === undefined) return undefined
    if (target.kind !== 'ref' && target.kind !== 'var') p.illegal('expected with target path')
    if (!p.is('as')) {
      p.illegal('expected as keyword')
      return undefined
    }
    p.scan()
    const value = parseInfix(p)
    if (value === undefined) return undefined
    modifiers.push({ kind: 'with', target, value, at: p.since(begin) })
  }
  return modifiers
}

/** An expression with the modifiers at hand, if there are any. */
export function attachWith(p: Cursor, parsed: Expr): Expr | undefined {
  if (!p.is('with')) return parsed
  const modifiers = parseWith(p)
  return modifiers && { ...parsed, with: modifiers }
}

function parseSome(p: Cursor): Expr | undefined {
  const { at } = p.token
  const state = p.save()
  p.scan()
  const term = parseInfix(p)
  if (term?.kind === 'call') {
    const arity = membership(term)
    if (arity === undefined) {
      p.illegal('expected `x in xs` or `x, y in xs` expression')
      return undefined
    }
    return attachWith(p, expr({ kind: 'some', symbols: [term], at }, at))
  }
  p.restore(state)
  if (p.version === 'v0') hintSomeIn(p)
  const symbols: Term[] = []
  do {
    p.scan()
    if (!p.is('identifier')) {
      p.illegal('expected var')
      return undefined
    }
    symbols.push(parseVar(p))
    p.scan()
  } while (p.is(','))
  const some: SomeDecl = { kind: 'some', symbols, at }
  return expr(some, at)
}

/** How many operands a call of `in` has: 2 for `x in xs`, 3 for `k, v in xs`. Undefined for any other call. */
function membership({ operator, args }: Call): 2 | 3 | undefined {
  const [head, name, ...more] = operator.parts
  if (head.kind !== 'var' || head.name !== 'internal' || name?.kind !== 'string' || more.length > 0) return undefined
  if (name.value === 'member_2' && args.length === 2) return 2
  return name.value === 'member_3' && args.length === 3 ? 3 : undefined
}

const FUTURE = ['in', 'every', 'contains', 'if', 'not', 'and', 'or']

function isFutureMembership(p: Cursor): boolean {
  return p.would(() => {
    p.scan()
    const term = p.withKeywords([...p.keywords, ...FUTURE], () => parseInfix(p))
    return term?.kind === 'call' && membership(term) !== undefined
  })
}

function hintSomeIn(p: Cursor): void {
  if (isFutureMembership(p)) p.hint('`import future.keywords.in` for `some x in xs` expressions')
}

function hintMissingInfix(p: Cursor): void {
  if (p.hinted) return
  const examples: Readonly<Record<string, string>> = { in: 'x in xs', and: 'x and y', or: 'x or y' }
  const word = p.is('identifier') ? p.token.text : p.is(',') && isFutureMembership(p) ? 'in' : undefined
  if (word === undefined || !Object.hasOwn(examples, word)) return
  p.hint(`\`import future.keywords.${word}\` for \`${examples[word]}\` expressions`)
}

function parseEvery(p: Cursor): Expr | undefined {
  const { at } = p.token
  p.scan()
  const term = parseInfix(p)
  if (term === undefined) return undefined
  const arity = term.kind === 'call' ? membership(term) : undefined
  if (term.kind !== 'call' || arity === undefined) {
    p.illegal('expected `x[, y] in xs { ... }` expression')
    return undefined
  }
  const [key, value, domain] = (arity === 2 ? [undefined, ...term.args] : term.args) as [Term | undefined, Term, Term]
  if (key !== undefined && key.kind !== 'var') {
    p.illegal('expected key to be a variable')
    return undefined
  }
  if (value.kind !== 'var') {
    p.illegal('expected value to be a variable')
    return undefined
  }
  if (!p.is('{')) {
    p.illegal('missing body')
    return undefined
  }
  p.scan()
  const body = parseBody(p, '}')
  if (body === undefined) return undefined
  p.scan()
  return attachWith(p, expr({ kind: 'every', key, value, domain, body, at }, at))
}
