// Terms (policy-reference, "Grammar": term, ref, array, object, set, comprehension, infix operators).
import type { ArrayTerm, Call, Location, NumberTerm, ObjectTerm, Ref, SetTerm, StringTerm, TemplateString, Term, Var } from './ast.ts'
import { parseBody, parseLiteral } from './bodies.ts'
import type { Cursor } from './cursor.ts'
import { termKey } from './equal.ts'
import { type TokenKind, tokenName } from './lexer.ts'
import { numberProblem } from './number.ts'

const LEVELS: readonly (readonly TokenKind[])[] = [
  ['equal', 'neq', 'lt', 'gt', 'lte', 'gte'],
  ['|'],
  ['&'],
  ['plus', 'minus'],
  ['mul', 'div', 'rem'],
]
const LEVEL_OF: ReadonlyMap<TokenKind, number> = new Map(LEVELS.flatMap((kinds, level) => kinds.map((kind) => [kind, level])))

/** A term with any operators, `k, v in xs` included. Undefined, with an error, where there is none. */
export function parseInfix(p: Cursor): Term | undefined {
  return p.nested(() => parseMembership(p, true))
}

/** The same where a comma ends the term. */
function parseInfixInList(p: Cursor): Term | undefined {
  return p.nested(() => parseMembership(p, false))
}

function parseMembership(p: Cursor, keyed: boolean): Term | undefined {
  const { start } = p.token.at
  let left = parseOperation(p, 0)
  while (left !== undefined) {
    const withKey = keyed && p.is(',') ? parseKeyedMembership(p, left, start) : undefined
    if (withKey === undefined) {
      readRefKeyword(p)
      if (!p.is('in')) return left
    }
    const call: Term | undefined = withKey ?? parseMember(p, [left], 'member_2', start)
    if (call === undefined) return left
    left = call
    if (!p.is('in')) return left
  }
  return undefined
}

function parseKeyedMembership(p: Cursor, key: Term, start: number): Term | undefined {
  const state = p.save()
  p.scan()
  const value = parseOperation(p, 0, start)
  const call = value !== undefined && p.is('in') ? parseMember(p, [key, value], 'member_3', start) : undefined
  if (call === undefined) p.restore(state)
  return call
}

function parseMember(p: Cursor, left: readonly [Term, ...Term[]], name: string, start: number): Call | undefined {
  const { at } = p.token
  const parts = [variable('internal', at), string(name, at)] as const
  p.scan()
  const domain = parseOperation(p, 0)
  if (domain === undefined) return undefined
  return call({ kind: 'ref', parts: [...parts], at }, [...left, domain], { ...left[0].at, start, end: p.lastEnd })
}

/** Operators from `level` on, which associate to the left. */
function parseOperation(p: Cursor, level: number, start: number = p.token.at.start): Term | undefined {
  let left = parseTerm(p)
  let ceiling = LEVELS.length
  while (left !== undefined) {
    const found = LEVEL_OF.get(p.token.kind)
    if (found === undefined || found < level || found > ceiling) return left
    const operator = parseOperator(p)
    const right = found === LEVELS.length - 1 ? parseTerm(p) : parseOperation(p, found + 1)
    if (right === undefined) ceiling = found - 1
    else left = call(operator, [left, right], { ...left.at, start, end: p.lastEnd })
  }
  return undefined
}

/** The operator at hand, as the ref by which it is called. */
export function parseOperator(p: Cursor): Ref {
  const { at, kind } = p.token
  p.scan()
  return { kind: 'ref', parts: [variable(tokenName(kind), at)], at }
}

/** A term without operators around it. */
export function parseTerm(p: Cursor): Term | undefined {
  return p.nested(() => p.once(() => parseTermHere(p)))
}

function parseTermHere(p: Cursor): Term | undefined {
  const { at } = p.token
  if (p.is('and', 'or') && p.peek(true) === '(') p.readAsName() // the builtin functions `and` and `or`
  if (p.is('minus')) {
    const state = p.save()
    p.scan()
    if (p.is('identifier', 'contains')) return parseNegation(p, at)
    p.restore(state)
  }
  return finishTerm(p, parsePrimary(p))
}

/** `-x` is `0 - x`. */
function parseNegation(p: Cursor, at: Location): Term | undefined {
  const term = finishTerm(p, parseVar(p))
  if (term === undefined) return undefined
  const minus: Ref = { kind: 'ref', parts: [variable('minus', at)], at }
  return call(minus, [{ kind: 'number', text: '0', at }, term], p.since(at))
}

function parsePrimary(p: Cursor): Term | undefined {
  const { kind, at } = p.token
  switch (kind) {
    case 'null':
      return { kind, at }
    case 'true':
    case 'false':
      return { kind: 'boolean', value: kind === 'true', at }
    case 'minus':
    case '.':
    case 'number':
      return parseNumber(p)
    case 'string':
      return parseString(p)
    case 'template-string-part':
    case 'template-string-end':
      return parseTemplate(p, false)
    case 'raw-template-string-part':
    case 'raw-template-string-end':
      return parseTemplate(p, true)
    case 'identifier':
    case 'contains': // a keyword in the heads of rules alone
      return parseVar(p)
    case '[':
      return parseArray(p)
    case '{':
      return parseSetOrObject(p)
    case '(':
      return parseParenthesized(p)
    default:
      p.illegal()
      return undefined
  }
}

function parseParenthesized(p: Cursor): Term | undefined {
  const { start } = p.token.at
  p.scan()
  const inner = parseInfix(p)
  if (inner === undefined) return undefined
  if (p.is(')')) return { ...inner, at: { ...inner.at, start, end: p.token.at.end } }
  p.error(p.token.at, 'non-terminated expression')
  return undefined
}

/** The token at hand ends a term, unless a call or a ref follows it directly. */
function finishTerm(p: Cursor, head: Term | undefined): Term | undefined {
  if (head === undefined) return undefined
  p.scanWhitespace()
  if (p.is('(', '.', '[')) return parseRef(p, head)
  if (p.is('whitespace')) p.scan()
  return rooted(head)
}

/** The same for the head of a rule, where space may stand before the bracket. */
export function finishHead(p: Cursor, head: Term): Term | undefined {
  p.scanWhitespace()
  if (LEVEL_OF.has(p.token.kind)) p.illegal()
  if (p.is('whitespace')) p.scan()
  if (p.is('(', '.', '[')) return parseRef(p, head)
  return rooted(head)
}

/** `input` and `data` alone are refs. */
function rooted(head: Term): Term {
  return head.kind === 'var' && (head.name === 'input' || head.name === 'data') ? { kind: 'ref', parts: [head], at: head.at } : head
}

/** A keyword that a dot or bracket follows is a name. */
export function readRefKeyword(p: Cursor): boolean {
  if (!isRefKeyword(p)) return false
  const next = p.peek(true)
  if (next !== '.' && next !== '[') return false
  p.readAsName()
  return true
}

const V0_KEYWORDS: ReadonlySet<string> = new Set('not package import as default else with null true false some'.split(' '))
const V1_KEYWORDS: ReadonlySet<string> = new Set([...V0_KEYWORDS, 'if', 'contains', 'in', 'every'])
const V2_KEYWORDS: ReadonlySet<string> = new Set([...V1_KEYWORDS, 'and', 'or'])

/** A word that is a keyword in a version, whatever was imported. */
export function isKeywordOf(version: 'v0' | 'v1' | 'v2', word: string): boolean {
  return (version === 'v0' ? V0_KEYWORDS : version === 'v1' ? V1_KEYWORDS : V2_KEYWORDS).has(word)
}

export function isRefKeyword(p: Cursor): boolean {
  const word = p.token.kind
  return isKeywordOf(p.version, word) || (/^[a-z]+$/.test(word) && p.hasKeyword(word))
}

export function parseVar(p: Cursor): Var {
  const { text, at } = p.token
  return text === '_' ? p.wildcard(at) : variable(text, at)
}

function parseRef(p: Cursor, head: Term): Term | undefined {
  return p.nested(() => {
    const { at } = head
    if (!REF_HEADS.has(head.kind)) p.error(at, `illegal ref (head cannot be ${head.kind})`)
    const parts: [Term, ...Term[]] = [head]
    for (;;) {
      switch (p.token.kind) {
        case '.':
          p.scanWhitespace()
          if (!p.is('identifier') && !isRefKeyword(p)) {
            p.illegal('expected identifier')
            return undefined
          }
          parts.push(string(p.token.text, p.token.at))
          p.scanWhitespace()
          break
        case '[': {
          p.scan()
          const part = parseInfix(p)
          if (part === undefined) return undefined
          if (!p.is(']')) {
            p.illegal('expected [')
            return undefined
          }
          parts.push(part)
          p.scanWhitespace()
          break
        }
        case '(':
          return parseCall(p, { kind: 'ref', parts, at: { ...at, end: p.token.at.start } })
        case 'whitespace':
          p.scan()
          return { kind: 'ref', parts, at: { ...at, end: p.lastEnd } }
        default:
          return { kind: 'ref', parts, at: { ...at, end: p.lastEnd } }
      }
    }
  })
}

const REF_HEADS: ReadonlySet<string> = new Set([
  'var',
  'array',
  'object',
  'set',
  'arraycomprehension',
  'objectcomprehension',
  'setcomprehension',
  'call',
])

function parseCall(p: Cursor, operator: Ref): Term | undefined {
  p.scan() // over (
  const args = parseList(p, ')', [])
  if (args === undefined) return undefined
  const at = { ...operator.at, end: p.token.at.end }
  p.scanWhitespace()
  const emptySet = args.length === 0 && operator.parts.length === 1 && operator.parts[0].kind === 'var' && operator.parts[0].name === 'set'
  const term: Term = emptySet ? { kind: 'set', items: [], at } : call(operator, args, at)
  if (p.is('.', '[')) return parseRef(p, term)
  if (p.is('whitespace')) p.scan()
  return term
}

function parseNumber(p: Cursor): NumberTerm | undefined {
  const { at } = p.token
  let prefix = ''
  if (p.is('minus')) {
    prefix = '-'
    p.scan()
    if (!p.is('number', '.')) {
      p.illegal('expected number')
      return undefined
    }
  }
  if (p.is('.')) {
    prefix += '.'
    p.scan()
    if (!p.is('number')) {
      p.illegal('expected number')
      return undefined
    }
  }
  const digits = p.token.text
  if (!prefix.endsWith('.') && /^0(?!$|\.|[eE].)/.test(digits)) {
    p.illegal('expected number without leading zero')
    return undefined
  }
  const problem = numberProblem(prefix + digits)
  if (problem === undefined) return { kind: 'number', text: prefix + digits, at }
  if (problem === 'number too big') p.error(p.token.at, problem)
  else p.illegal(problem)
  return undefined
}

function parseString(p: Cursor): StringTerm | undefined {
  const { text, at } = p.token
  if (text.startsWith('`')) return string(text.slice(1, -1), at)
  const value = unescaped(text.slice(1, -1))
  if (value === undefined) p.error(at, `illegal string literal: ${text}`)
  return value === undefined ? undefined : string(value, at)
}

/** Escapes are JSON's. */
function unescaped(inner: string): string | undefined {
  if (!inner.includes('\\')) return inner
  try {
    return (JSON.parse(`"${inner}"`) as string).toWellFormed()
  } catch {
    return undefined
  }
}

function parseTemplate(p: Cursor, raw: boolean): TemplateString | undefined {
  const begin = p.token.at
  if (p.version === 'v0') {
    p.error(begin, 'template strings are not supported by current capabilities')
    return undefined
  }
  const parts: TemplateString['parts'][number][] = []
  for (;;) {
    const { text, at } = p.token
    const value = raw ? text : unescaped(text)
    if (value === undefined) {
      p.error(at, `illegal template-string part: ${text}`)
      return undefined
    }
    if (value !== '') parts.push(string(value, at))
    if (p.is('template-string-end', 'raw-template-string-end')) break
    const part = parseTemplateExpression(p)
    if (part === undefined) return undefined
    parts.push(part)
    p.scanTemplate(raw)
  }
  return { kind: 'templatestring', multiLine: raw, parts, at: { ...begin, end: p.token.at.end } }
}

function parseTemplateExpression(p: Cursor): TemplateString['parts'][number] | undefined {
  const before = p.comments.length
  p.scan()
  const commented = p.comments.length !== before
  const expr = parseLiteral(p)
  const refuse = (at: Location, why: string) => {
    p.error(at, why)
    return undefined
  }
  if (expr === undefined) return refuse(p.token.at, 'invalid template-string expression')
  const { terms, at } = expr
  if (expr.negated) return refuse(at, "unexpected negation ('not') in template-string expression")
  if (isOperation(terms, 'eq')) return refuse(at, "unexpected unification ('=') in template-string expression")
  if (isOperation(terms, 'assign')) return refuse(at, "unexpected assignment (':=') in template-string expression")
  if (terms.kind === 'every' || terms.kind === 'some') return refuse(at, `unexpected '${terms.kind}' in template-string expression`)
  if (!p.is('}')) return refuse(p.token.at, 'expected } to end template string expression')
  const constant = terms.kind === 'string' || terms.kind === 'number' || terms.kind === 'boolean' || terms.kind === 'null'
  return constant && !commented ? terms : expr
}

function isOperation(terms: { readonly kind: string }, name: string): boolean {
  if (terms.kind !== 'call') return false
  const { operator } = terms as Call
  return operator.parts.length === 1 && operator.parts[0].kind === 'var' && operator.parts[0].name === name
}

function parseArray(p: Cursor): Term | undefined {
  const begin = p.token.at
  const whole = () => ({ ...begin, end: p.token.at.end })
  const array = (items: readonly Term[] | undefined): ArrayTerm | undefined => items && { kind: 'array', items, at: whole() }
  p.scan()
  if (p.is(']')) return array([])
  const comprehensible = !skipComma(p)
  const state = p.save()
  // No operator yet: in `[a | b]` the bar begins a comprehension.
  const head = parseTerm(p)
  if (head === undefined) return undefined
  if (p.is(']')) return array([head])
  if (p.is(',')) {
    p.scan()
    return array(parseList(p, ']', [head]))
  }
  if (p.is('|') && comprehensible) {
    p.scan()
    const body = parseBody(p, ']')
    if (body !== undefined) return { kind: 'arraycomprehension', term: head, body, at: whole() }
    if (!p.is(',')) return undefined
  }
  p.restore(state)
  return array(parseList(p, ']', []))
}

function parseSetOrObject(p: Cursor): Term | undefined {
  const begin = p.token.at
  const located = (term: Term | undefined): Term | undefined => term && { ...term, at: { ...begin, end: p.token.at.end } }
  p.scan()
  if (p.is('}')) return located({ kind: 'object', entries: [], at: begin })
  const comprehensible = !skipComma(p)
  const state = p.save()
  // No operator yet: in `{a | b}` the bar begins a comprehension.
  let head = parseTerm(p)
  if (head === undefined) return undefined
  if (p.is('|') && comprehensible) return located(parseSetComprehension(p, head, () => p.restore(state)))
  if (p.is('}', ',')) return located(parseSet(p, head))
  if (p.is(':')) return located(parseObject(p, head, comprehensible))
  p.restore(state)
  head = parseInfixInList(p)
  if (head === undefined) return undefined
  if (p.is('}', ',')) return located(parseSet(p, head))
  if (p.is(':')) return located(parseObject(p, head, comprehensible))
  p.illegal('non-terminated set')
  return undefined
}

/** Old policies have `[, x]`. */
function skipComma(p: Cursor): boolean {
  if (!p.is(',')) return false
  p.scan()
  return true
}

function parseSetComprehension(p: Cursor, term: Term, goBack: () => void): Term | undefined {
  p.scan()
  const body = parseBody(p, '}')
  if (body !== undefined) return { kind: 'setcomprehension', term, body, at: term.at }
  if (!p.is(',')) return undefined
  goBack()
  const items = parseList(p, '}', [])
  return items && set(items, term.at)
}

function parseSet(p: Cursor, head: Term): Term | undefined {
  if (p.is('}')) return set([head], head.at)
  p.scan()
  const items = parseList(p, '}', [head])
  return items && set(items, head.at)
}

function parseObject(p: Cursor, key: Term, comprehensible: boolean): Term | undefined {
  p.scan() // over :
  const state = p.save()
  let value = parseTerm(p)
  if (value === undefined) return undefined
  if (comprehensible && p.is('}', ',')) return parseEntries(p, key, value)
  if (comprehensible && p.is('|')) {
    p.scan()
    const body = parseBody(p, '}')
    if (body !== undefined) return { kind: 'objectcomprehension', key, value, body, at: key.at }
  }
  p.restore(state)
  value = parseInfixInList(p)
  if (value === undefined) return undefined
  if (p.is('}', ',')) return parseEntries(p, key, value)
  p.illegal('non-terminated object')
  return undefined
}

function parseEntries(p: Cursor, key: Term, value: Term): ObjectTerm | undefined {
  const entries: [Term, Term][] = [[key, value]]
  while (p.is(',')) {
    p.scan()
    if (p.is('}')) break
    const next = parseInfixInList(p)
    if (next === undefined) return undefined
    if (!p.is(':')) {
      p.illegal('expected ":"')
      return undefined
    }
    p.scan()
    const item = parseInfixInList(p)
    if (item === undefined) return undefined
    entries.push([next, item])
  }
  if (p.is('}')) return { kind: 'object', entries, at: key.at }
  p.illegal('expected "," or "}"')
  return undefined
}

/** Terms up to `end`, which stays the token at hand; a comma may end them. */
function parseList(p: Cursor, end: TokenKind, before: readonly Term[]): readonly Term[] | undefined {
  const terms = [...before]
  while (!p.is(end)) {
    const term = parseInfixInList(p)
    if (term === undefined) return undefined
    terms.push(term)
    if (p.is(',')) p.scan()
    else if (!p.is(end)) {
      p.illegal(`expected "," or "${end}"`)
      return undefined
    }
  }
  return terms
}

function set(items: readonly Term[], at: Location): SetTerm {
  if (items.length < 2) return { kind: 'set', items, at }
  const once = new Map(items.toReversed().map((item) => [termKey(item), item]))
  return { kind: 'set', items: [...once.values()].reverse(), at }
}

export const variable = (name: string, at: Location): Var => ({ kind: 'var', name, at })
export const string = (value: string, at: Location): StringTerm => ({ kind: 'string', value, at })
export const call = (operator: Ref, args: readonly Term[], at: Location): Call => ({ kind: 'call', operator, args, at })
