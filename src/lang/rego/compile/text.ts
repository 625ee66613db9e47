// Terms as OPA writes them into its messages.
import type { Body, Expr, Logical, Ref, Term, With } from '../syntax/ast.ts'
import { calls, isWildcard } from './terms.ts'

const KEYWORDS = new Set([
  'not',
  'package',
  'import',
  'as',
  'default',
  'else',
  'with',
  'null',
  'true',
  'false',
  'some',
  'if',
  'contains',
  'in',
  'every',
])

export function termText(term: Term): string {
  switch (term.kind) {
    case 'null':
      return 'null'
    case 'boolean':
      return String(term.value)
    case 'number':
      return term.text
    case 'string':
      return quoted(term.value)
    case 'var':
      return isWildcard(term.name) ? '_' : term.name
    case 'ref':
      return refText(term)
    case 'call':
      return `${refText(term.operator)}(${listText(term.args)})`
    case 'array':
      return `[${listText(term.items)}]`
    case 'set':
      return term.items.length === 0 ? 'set()' : `{${listText(term.items)}}`
    case 'object':
      return `{${term.entries.map(([key, value]) => `${termText(key)}: ${termText(value)}`).join(', ')}}`
    case 'arraycomprehension':
      return `[${termText(term.term)} | ${bodyText(term.body)}]`
    case 'setcomprehension':
      return `{${termText(term.term)} | ${bodyText(term.body)}}`
    case 'objectcomprehension':
      return `{${termText(term.key)}: ${termText(term.value)} | ${bodyText(term.body)}}`
    case 'templatestring':
      return `$"${term.parts.map(templatePart).join('')}"`
  }
}

const listText = (terms: readonly Term[]) => terms.map(termText).join(', ')

function templatePart(part: Term | Expr): string {
  if (part.kind === 'expr') return `{${exprText(part)}}`
  return part.kind === 'string' ? quoted(part.value).slice(1, -1).replaceAll('{', '\\{') : termText(part)
}

/** A string as Go quotes it. */
function quoted(text: string): string {
  return JSON.stringify(text.toWellFormed())
    .replaceAll('\\b', '\\b')
    .replace(/\\u00([01][0-9a-f])/g, (_, hex: string) => (hex === '07' ? '\\a' : hex === '0b' ? '\\v' : `\\x${hex}`))
    .replaceAll('\u007f', '\\x7f')
}

export const refText = (ref: Ref) => partsText(ref.parts)

/** The text of a ref of these parts. */
export function partsText([head, ...rest]: readonly Term[]): string {
  if (head === undefined) return ''
  let text = head.kind === 'string' ? head.value : termText(head)
  for (const part of rest) {
    if (part.kind !== 'string') text += `[${termText(part)}]`
    else if (/^[A-Za-z_]\w*$/.test(part.value) && !KEYWORDS.has(part.value)) text += `.${part.value}`
    else text += /[\u0000-\u001f\u007f-\u009f\\]/.test(part.value) ? `[${quoted(part.value)}]` : `["${part.value}"]`
  }
  return text
}

export const bodyText = (body: Body): string => body.map(exprText).join('; ')

function exprText(expr: Expr): string {
  const withs = expr.with.map((modifier) => ` ${withText(modifier)}`).join('')
  return `${expr.negated ? 'not ' : ''}${exprTermsText(expr.terms)}${withs}`
}

const withText = ({ target, value }: With) => `with ${termText(target)} as ${termText(value)}`

function exprTermsText(terms: Expr['terms']): string {
  switch (terms.kind) {
    case 'call':
      return calls(terms, 'eq') && terms.args.length === 2 ? `${termText(terms.args[0]!)} = ${termText(terms.args[1]!)}` : termText(terms)
    case 'some': {
      const call = terms.symbols[0]
      if (call?.kind !== 'call') return `some ${listText(terms.symbols)}`
      return `some ${listText(call.args.slice(0, -1))} in ${termText(call.args.at(-1)!)}`
    }
    case 'every': {
      const names = terms.key === undefined ? termText(terms.value) : `${termText(terms.key)}, ${termText(terms.value)}`
      return `every ${names} in ${termText(terms.domain)} { ${bodyText(terms.body)} }`
    }
    case 'not':
      return terms.explicit || terms.body.length !== 1 ? `not {${bodyText(terms.body)}}` : `not ${grouped(terms.body, needsParensAfterNot)}`
    case 'and':
    case 'or':
      return logicalText(terms)
    default:
      return termText(terms)
  }
}

function logicalText({ kind, left, right, explicitLeft, explicitRight }: Logical): string {
  const operand = (body: Body, explicit: boolean, isRight: boolean) =>
    explicit || body.length !== 1
      ? `{ ${bodyText(body)} }`
      : grouped(body, ({ terms }) => {
          if (terms.kind === 'or') return kind === 'and' || isRight
          return terms.kind === 'and' ? kind === 'and' && isRight : startsWithBrace(terms)
        })
  return `${operand(left, explicitLeft, false)} ${kind} ${operand(right, explicitRight, true)}`
}

/** An operand in parentheses where without them it would be read as something else. */
const grouped = (body: Body, needsParens: (expr: Expr) => boolean) =>
  body.some((expr) => expr.with.length > 0 || needsParens(expr)) ? `(${bodyText(body)})` : bodyText(body)

const needsParensAfterNot = ({ terms }: Expr) =>
  terms.kind === 'and' || terms.kind === 'or' || terms.kind === 'not' || startsWithBrace(terms)

function startsWithBrace(terms: Expr['terms']): boolean {
  if (terms.kind === 'ref') return startsWithBrace(terms.parts[0])
  if (terms.kind === 'set') return terms.items.length > 0
  return terms.kind === 'object' || terms.kind === 'setcomprehension' || terms.kind === 'objectcomprehension'
}
