// Arrays, sets and objects, and what looks like one up to a bar: comprehensions.
import type { ArrayTerm, Location, ObjectTerm, SetTerm, Term } from './ast.ts'
import { parseBody } from './bodies.ts'
import type { Cursor } from './cursor.ts'
import { termKey } from './equal.ts'
import type { TokenKind } from './lexer.ts'
import { parseInfixInList, parseTerm } from './terms.ts'

/** `[`: an array or a comprehension of one. */
export function parseArray(p: Cursor): Term | undefined {
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

/** `{`: a set, an object, or a comprehension of one. */
export function parseSetOrObject(p: Cursor): Term | undefined {
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
export function parseList(p: Cursor, end: TokenKind, before: readonly Term[]): readonly Term[] | undefined {
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
  const once = new Map<string, Term>()
  for (const item of items) {
    const key = termKey(item)
    if (!once.has(key)) once.set(key, item)
  }
  return { kind: 'set', items: [...once.values()], at }
}
