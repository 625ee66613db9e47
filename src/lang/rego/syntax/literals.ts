// Numbers, strings and template strings.
import type { Call, Location, NumberTerm, StringTerm, TemplateString } from './ast.ts'
import { parseLiteral } from './bodies.ts'
import type { Cursor } from './cursor.ts'
import { numberProblem } from './number.ts'
import { string } from './terms.ts'

/** A number with its sign. */
export function parseNumber(p: Cursor): NumberTerm | undefined {
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

/** A string in quotes or backquotes. */
export function parseString(p: Cursor): StringTerm | undefined {
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

/** `$"…"`. */
export function parseTemplate(p: Cursor, raw: boolean): TemplateString | undefined {
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
