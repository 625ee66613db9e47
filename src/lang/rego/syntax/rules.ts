// Rules (policy-reference, "Grammar": rule), and what else may stand for one.
import type { Body, Head, Location, Rule, Term } from './ast.ts'
import { expr, parseBody, parseLiteral } from './bodies.ts'
import type { Cursor } from './cursor.ts'
import { isGround, isGroundRef } from './ground.ts'
import type { TokenKind } from './lexer.ts'
import { finishHead, parseInfix, parseVar, readRefKeyword } from './terms.ts'
import { walk } from './walk.ts'

/** The body that nobody wrote. */
export function trueBody(at: Location): Body {
  return [{ ...expr({ kind: 'boolean', value: true, at }, at), generated: true }]
}

/** A head that says no more than its reference. */
export const EMPTY_HEAD = {
  args: undefined,
  key: undefined,
  value: undefined,
  assign: false,
  generatedValue: false,
  if: false,
  contains: false,
}

/** Rules at hand: several where bodies follow each other. Undefined without an error where what stands here is no rule. */
export function parseRules(p: Cursor): readonly Rule[] | undefined {
  const begin = p.token.at
  readRefKeyword(p)
  const isDefault = p.is('default')
  if (isDefault) {
    p.scan()
    readRefKeyword(p)
  }
  if (!p.is('identifier')) {
    if (isDefault) refuseKeywordName(p, true)
    return undefined
  }
  const written = parseHead(p, isDefault)
  if (written === undefined) return undefined
  if (isDefault) return checkDefault(p, written, begin)
  const hasIf = p.is('if')
  const head = { ...asRule(written, hasIf), if: hasIf }
  const rule = (body: Body): Rule => ({
    kind: 'rule',
    default: false,
    head,
    body,
    generatedBody: false,
    else: undefined,
    annotations: [],
    at: p.since(begin),
  })
  if (!hasIf && !p.is('{')) {
    return head.contains ? [{ ...rule(trueBody(begin)), generatedBody: true, at: head.at }] : undefined
  }
  const body = hasIf ? parseIfBody(p) : parseBraced(p)
  if (body === undefined) return undefined
  let first = rule(body)
  if (p.is('else') && !readRefKeyword(p)) {
    const otherwise = parseElseOf(p, head)
    if (otherwise === undefined) return undefined
    first = { ...first, else: otherwise, at: p.since(begin) }
  }
  return parseChained(p, first)
}

/** The body after `if`: one line, or braces that are no set. */
function parseIfBody(p: Cursor): Body | undefined {
  p.scan()
  const state = p.save()
  const braces = p.is('{')
  const line = parseLiteral(p)
  if (line !== undefined && !(braces && line.terms.kind === 'set')) return [line]
  if (!braces) return undefined
  p.restore(state)
  return parseBraced(p)
}

function parseBraced(p: Cursor): Body | undefined {
  p.scan()
  const body = parseBody(p, '}')
  if (body !== undefined) p.scan()
  return body
}

/** v0's `p { … } { … }`: each body is a rule with the same head. */
function parseChained(p: Cursor, first: Rule): readonly Rule[] | undefined {
  const rules = [first]
  while (p.is('{')) {
    if (first.else !== undefined) {
      p.error(p.token.at, 'expected else keyword')
      return undefined
    }
    const begin = p.token.at
    const body = parseBraced(p)
    if (body === undefined) return undefined
    const at = p.since(begin)
    rules.push({ ...first, head: headAt(withFreshWildcards(p, first.head), at), body, at })
  }
  return rules
}

function parseElseOf(p: Cursor, head: Head): Rule | undefined {
  if (!isGroundRef(head.ref)) p.error(p.token.at, 'else keyword cannot be used on rules with variables in head')
  else if (head.key !== undefined) p.error(p.token.at, 'else keyword cannot be used on multi-value rules')
  else return parseElse(p, head)
  return undefined
}

function parseElse(p: Cursor, head: Head): Rule | undefined {
  const begin = p.token.at
  p.scan()
  let own: Head = { ...withFreshWildcards(p, head), generatedValue: false, if: false, at: begin }
  if (p.is('{', 'if')) own = { ...own, generatedValue: true, value: { kind: 'boolean', value: true, at: begin } }
  else if (p.is('assign', 'eq')) {
    const assign = p.is('assign')
    p.scan()
    const value = parseInfix(p)
    if (value === undefined) return undefined
    own = { ...own, assign, value, at: p.since(begin) }
  } else {
    p.illegal('expected else value term or rule body')
    return undefined
  }
  const rule = (body: Body): Rule => ({
    kind: 'rule',
    default: false,
    head: own,
    body,
    generatedBody: false,
    else: undefined,
    annotations: [],
    at: p.since(begin),
  })
  if (!p.is('if', '{')) return { ...rule(trueBody(begin)), generatedBody: true }
  if (p.is('if')) {
    own = { ...own, if: true }
    p.scan()
  }
  const braces = p.is('{')
  const body = parseElseBody(p)
  if (body === undefined) return undefined
  const otherwise = p.is('else') ? parseElse(p, head) : 'none'
  if (otherwise === undefined) return undefined
  const parsed = rule(body)
  // OPA places all of a line at the rule, whose text goes to the end of the last `else`.
  return { ...parsed, body: braces ? body : relocate(body, parsed.at), else: otherwise === 'none' ? undefined : otherwise }
}

function parseElseBody(p: Cursor): Body | undefined {
  if (p.is('{')) return parseBraced(p)
  if (p.is('eof')) {
    p.illegal('rule body expected')
    return undefined
  }
  const line = parseLiteral(p)
  return line && [line]
}

function parseHead(p: Cursor, isDefault: boolean): Head | undefined {
  const begin = p.token.at
  const name = finishHead(p, parseVar(p))
  if (name === undefined) {
    p.illegal('expected rule head name')
    return undefined
  }
  const named = headOf(name)
  if (named === undefined) {
    if (name.kind === 'call') p.illegal(`rule head ref ${p.textOf(name.at)} invalid`)
    return undefined
  }
  // `set()[x]` and `f(x)[y]` are no names; what may be wrong behind them is told first.
  const isName = named.ref.parts[0].kind === 'var'
  const shown = p.textOf(named.ref.at)
  let head: Head = { kind: 'head', ...EMPTY_HEAD, ...named, at: begin }
  if (p.is('contains')) {
    if (name.kind === 'call') {
      p.illegal(`the contains keyword can only be used with multi-value rule definitions (e.g., ${shown} contains <VALUE> { ... })`)
    }
    p.scan()
    const key = parseInfix(p)
    if (key === undefined) p.illegal(`expected rule key term (e.g., ${shown} contains <VALUE> { ... })`)
    return isName ? { ...head, key, contains: true, at: p.since(begin) } : undefined
  }
  if (p.is('eq', 'assign')) {
    const assign = p.is('assign')
    p.scan()
    const value = parseInfix(p)
    if (value === undefined) p.illegal(missingValue(shown, head, assign, isDefault))
    head = { ...head, value, assign }
  }
  if (!isName) return undefined
  const at = p.since(begin)
  const generated = head.value === undefined && (head.ref.parts.length !== 2 || (head.args?.length ?? 0) > 0)
  return generated ? { ...head, value: { kind: 'boolean', value: true, at }, generatedValue: true, at } : { ...head, at }
}

function missingValue(name: string, { args }: { readonly args: readonly Term[] | undefined }, assign: boolean, isDefault: boolean): string {
  if (!assign) return `expected rule value term (e.g., ${name}[<nil>] = <VALUE> { ... })`
  if ((args?.length ?? 0) > 0) return `expected function value term (e.g., ${name}(...) := <VALUE> { ... })`
  if (isDefault) return `expected default rule value term (e.g., default ${name} := <VALUE>)`
  return `expected rule value term (e.g., ${name} := <VALUE> { ... })`
}

/** Reference and arguments of what stands where a head begins. */
function headOf(name: Term): Pick<Head, 'ref' | 'args'> | undefined {
  if (name.kind === 'var') return { ref: { kind: 'ref', parts: [name], at: name.at }, args: undefined }
  if (name.kind === 'ref') return { ref: name, args: undefined }
  if (name.kind !== 'call' || name.operator.parts[0].kind !== 'var') return undefined
  // `f()` defines a value, as `f` does.
  return { ref: name.operator, args: name.args.length > 0 ? name.args : undefined }
}

/** What `p[x]` defines: with `if` one value a key, without it (v0) a set, with a value an object. */
function asRule(head: Head, hasIf: boolean): Head {
  const part = head.ref.parts[1]
  if (head.contains || part === undefined || head.ref.parts.length !== 2) return head
  const isFunction = (head.args?.length ?? 0) > 0
  if (hasIf) {
    const key = !isFunction && (!isGround(part) || part.kind === 'ref') ? part : head.key
    if (head.value !== undefined) return { ...head, key }
    return { ...head, key, value: { kind: 'boolean', value: true, at: head.at }, generatedValue: true }
  }
  if (isFunction) return head
  return head.value === undefined ? partialSet(head, part) : { ...head, key: part }
}

function partialSet(head: Head, key: Term): Head {
  return { ...head, key, ref: { ...head.ref, parts: [head.ref.parts[0]] } }
}

function checkDefault(p: Cursor, head: Head, begin: Location): readonly Rule[] | undefined {
  const at = p.since(begin)
  if (head.value === undefined) {
    p.error(at, 'illegal default rule (must have a value)')
    return undefined
  }
  const before = p.errors.length
  for (const kind of illegalInDefault(head.value)) p.error(at, `illegal default rule (value cannot contain ${kind})`)
  const names = new Set<string>()
  for (const arg of p.errors.length > before ? [] : (head.args ?? [])) {
    if (arg.kind !== 'var') p.error(at, `illegal default rule (arguments cannot contain ${arg.kind})`)
    else if (names.has(arg.name)) p.error(at, `illegal default rule (arguments cannot be repeated ${arg.name})`)
    else names.add(arg.name)
  }
  if (p.errors.length > before) return undefined
  return [{ kind: 'rule', default: true, head, body: trueBody(begin), generatedBody: false, else: undefined, annotations: [], at }]
}

/** A default is a value: outside of comprehensions nothing in it may have to be looked up. */
function illegalInDefault(value: Term): readonly string[] {
  const found: string[] = []
  walk(value, ({ kind }) => {
    if (kind === 'ref' || kind === 'var' || kind === 'call') found.push(kind)
    else return kind === 'arraycomprehension' || kind === 'setcomprehension' || kind === 'objectcomprehension'
    return true
  })
  return found
}

const NAME_FOLLOWERS: readonly TokenKind[] = ['assign', 'eq', 'if', 'contains', '(']
const OPERATOR_FOLLOWERS: readonly TokenKind[] = ['assign', 'eq', 'if', 'contains']
const PATH_FOLLOWERS: readonly TokenKind[] = ['assign', 'eq', '(']
/** What after a keyword shows that it was meant as the name of a rule. */
const FOLLOWERS: Partial<Record<TokenKind, readonly TokenKind[]>> = {
  every: NAME_FOLLOWERS,
  if: NAME_FOLLOWERS,
  in: NAME_FOLLOWERS,
  some: NAME_FOLLOWERS,
  as: NAME_FOLLOWERS,
  package: PATH_FOLLOWERS,
  import: PATH_FOLLOWERS,
  not: OPERATOR_FOLLOWERS,
  and: OPERATOR_FOLLOWERS,
  or: OPERATOR_FOLLOWERS,
  contains: ['if', 'contains'],
}

/** Reports a keyword that stands where only a rule's name can. */
export function refuseKeywordName(p: Cursor, isDefault: boolean): boolean {
  const followers = FOLLOWERS[p.token.kind]
  if (followers === undefined || (!isDefault && !followers.includes(p.peek(false)))) return false
  p.error(p.token.at, `${p.token.kind} keyword cannot be used for rule name`)
  return true
}

function withFreshWildcards(p: Cursor, head: Head): Head {
  const args = head.args?.map((arg) => (arg.kind === 'var' && arg.name.startsWith('$') ? p.wildcard(arg.at) : arg))
  return { ...head, args }
}

/** The head of a further body stands at that body, but for its reference, which stands where it was written. */
function headAt(head: Head, at: Location): Head {
  const { ref, key, value } = head
  return { ...relocate(head, at), ref, ...(value === undefined ? {} : { key }) }
}

/** The same node with every place in it replaced. */
function relocate<N extends object>(node: N, at: Location): N {
  const moved = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(moved)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, name === 'at' ? at : moved(item)]))
  }
  return moved(node) as N
}
