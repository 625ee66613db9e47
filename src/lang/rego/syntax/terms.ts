// Terms (policy-reference, "Grammar": term, ref, array, object, set, comprehension, infix operators).
import { MAX_DEPTH } from '../values/text.ts'
import type { Call, Location, Ref, StringTerm, Term, Var } from './ast.ts'
import { parseArray, parseList, parseSetOrObject } from './collections.ts'
import { type Cursor, reaching } from './cursor.ts'
import { isKeyword, type TokenKind, tokenName } from './lexer.ts'
import { parseNumber, parseString, parseTemplate } from './literals.ts'

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
  return p.nested(parseKeyed)
}

/** The same where a comma ends the term. */
export function parseInfixInList(p: Cursor): Term | undefined {
  return p.nested(parseUnkeyed)
}

const parseKeyed = (p: Cursor) => parseMembership(p, true)
const parseUnkeyed = (p: Cursor) => parseMembership(p, false)

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
  return call({ kind: 'ref', parts: [...parts], at }, [...left, domain], reaching(left[0].at, p.lastEnd, start))
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
    // What binds tighter has been read, or could not be.
    ceiling = right === undefined ? found - 1 : found
    if (right !== undefined) left = call(operator, [left, right], reaching(left.at, p.lastEnd, start))
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
  return p.nested(parseTermOnce)
}

const parseTermOnce = (p: Cursor) => p.once(parseTermHere)

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
  return isKeyword(word) && (isKeywordOf(p.version, word) || p.hasKeyword(word))
}

export function parseVar(p: Cursor): Var {
  const { text, at } = p.token
  return text === '_' ? p.wildcard(at) : variable(text, at)
}

/** A longer one leads nowhere; and later stages nest as deep as a reference is long, and name what all its beginnings lead to. */
const MAX_PARTS = MAX_DEPTH + 1

function parseRef(p: Cursor, head: Term): Term | undefined {
  return p.nested(() => {
    const { at } = head
    if (!REF_HEADS.has(head.kind)) p.error(at, `illegal ref (head cannot be ${head.kind})`)
    const parts: [Term, ...Term[]] = [head]
    for (;;) {
      if (parts.length > MAX_PARTS) {
        p.error(p.token.at, `a reference has more than ${MAX_PARTS} parts`)
        return undefined
      }
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
          return parseCall(p, { kind: 'ref', parts, at: reaching(at, p.token.at.start) })
        case 'whitespace':
          p.scan()
          return { kind: 'ref', parts, at: p.since(at) }
        default:
          return { kind: 'ref', parts, at: p.since(at) }
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
  const at = reaching(operator.at, p.token.at.end)
  p.scanWhitespace()
  const emptySet = args.length === 0 && operator.parts.length === 1 && operator.parts[0].kind === 'var' && operator.parts[0].name === 'set'
  const term: Term = emptySet ? { kind: 'set', items: [], at } : call(operator, args, at)
  if (p.is('.', '[')) return parseRef(p, term)
  if (p.is('whitespace')) p.scan()
  return term
}

export const variable = (name: string, at: Location): Var => ({ kind: 'var', name, at })
export const string = (value: string, at: Location): StringTerm => ({ kind: 'string', value, at })
export const call = (operator: Ref, args: readonly Term[], at: Location): Call => ({ kind: 'call', operator, args, at })
