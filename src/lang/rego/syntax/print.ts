// The tree as OPA words it in messages and in dumps: one line, calls of operators by name, sets and objects in order.
import { quoteTerm } from '../values/text.ts'
import type { Body, Expr, Import, Logical, Not, Ref, TemplateString, Term } from './ast.ts'
import { infixOf } from './names.ts'
import { isTerm, sortedEntries, sortedItems } from './order.ts'
import { isKeywordOf } from './terms.ts'

export function printTerm(term: Term): string {
  switch (term.kind) {
    case 'null':
      return 'null'
    case 'boolean':
      return String(term.value)
    case 'number':
      return term.text
    case 'string':
      return quoteTerm(term.value)
    case 'var':
      return term.name.startsWith('$') ? '_' : term.name
    case 'ref':
      return printRef(term)
    case 'call':
      return `${printTerm(term.operator)}(${term.args.map(printTerm).join(', ')})`
    case 'array':
      return `[${term.items.map(printTerm).join(', ')}]`
    case 'set':
      return term.items.length === 0 ? 'set()' : `{${sortedItems(term.items).map(printTerm).join(', ')}}`
    case 'object':
      return `{${sortedEntries(term.entries)
        .map(([key, value]) => `${printTerm(key)}: ${printTerm(value)}`)
        .join(', ')}}`
    case 'arraycomprehension':
      return `[${printYield(term.term)} | ${printBody(term.body)}]`
    case 'setcomprehension':
      return `{${printYield(term.term)} | ${printBody(term.body)}}`
    case 'objectcomprehension':
      return `{${printYield(term.key)}: ${printYield(term.value)} | ${printBody(term.body)}}`
    case 'templatestring':
      return printTemplate(term)
  }
}

export const printBody = (body: Body) => body.map(printExpr).join('; ')

export function printExpr({ terms, negated, with: withs }: Expr): string {
  const modifiers = withs.map(({ target, value }) => ` with ${printTerm(target)} as ${printTerm(value)}`)
  return `${negated ? 'not ' : ''}${printContents(terms)}${modifiers.join('')}`
}

/** Whether the text of the term begins with `{`. */
export function opensBrace(term: Term): boolean {
  switch (term.kind) {
    case 'set':
      return term.items.length > 0
    case 'object':
    case 'setcomprehension':
    case 'objectcomprehension':
      return true
    case 'ref':
      return opensBrace(term.parts[0])
    default:
      return false
  }
}

/** What a template string writes for a string part: an opening brace is escaped, unless a backslash stands before it. */
export const escapeBraces = (text: string) => text.replace(/(?<!\\)\{/g, '\\{')

export const printImport = ({ path, alias }: Import) => `import ${printTerm(path)}${alias === undefined ? '' : ` as ${alias}`}`

export const printRef = ({ parts }: Ref) => printParts(parts)

/** The text of a reference of these parts; without any, none. */
export function printParts([head, ...steps]: readonly Term[]): string {
  if (head === undefined) return ''
  const first = head.kind === 'string' ? head.value : printTerm(head)
  return first + steps.map(printStep).join('')
}

function printStep(step: Term): string {
  if (step.kind !== 'string') return `[${printTerm(step)}]`
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(step.value) && !isKeywordOf('v1', step.value)) return `.${step.value}`
  return /[\p{Cc}\\]/u.test(step.value) ? `[${quoteTerm(step.value)}]` : `["${step.value}"]`
}

/** The term that a comprehension yields: operators are written as such, in parentheses. */
function printYield(term: Term): string {
  const infix = term.kind === 'call' ? infixOf(term.operator) : undefined
  if (term.kind !== 'call' || infix === undefined || infix === 'in' || term.args.length !== 2) return printTerm(term)
  return `(${printYield(term.args[0]!)} ${infix} ${printYield(term.args[1]!)})`
}

function printTemplate({ parts }: TemplateString): string {
  const printPart = (part: Term | Expr) => {
    if (part.kind === 'expr') return `{${printExpr(part)}}`
    return part.kind === 'string' ? escapeBraces(quoteTerm(part.value).slice(1, -1)) : printTerm(part)
  }
  return `$"${parts.map(printPart).join('')}"`
}

function printContents(terms: Expr['terms']): string {
  switch (terms.kind) {
    case 'some':
      return `some ${printSymbols(terms.symbols)}`
    case 'every': {
      const key = terms.key === undefined ? '' : `${printTerm(terms.key)}, `
      return `every ${key}${printTerm(terms.value)} in ${printTerm(terms.domain)} { ${printBody(terms.body)} }`
    }
    case 'not':
      return printNot(terms)
    case 'and':
    case 'or':
      return `${printOperand(terms, 'left')} ${terms.kind} ${printOperand(terms, 'right')}`
    case 'call':
      if (terms.args.length === 2 && infixOf(terms.operator) === '=') return terms.args.map(printTerm).join(' = ')
      return printTerm(terms)
    default:
      return printTerm(terms)
  }
}

function printSymbols(symbols: readonly Term[]): string {
  const [first] = symbols
  if (first?.kind !== 'call') return symbols.map(printTerm).join(', ')
  return `${first.args.slice(0, -1).map(printTerm).join(', ')} in ${printTerm(first.args.at(-1)!)}`
}

function printNot({ body, explicit }: Not): string {
  const [only] = body
  if (explicit || body.length !== 1 || only === undefined) return `not {${printBody(body)}}`
  const { terms } = only
  const grouped = only.with.length > 0 || terms.kind === 'not' || terms.kind === 'and' || terms.kind === 'or' || leadsWithBrace(terms)
  return grouped ? `not (${printBody(body)})` : `not ${printBody(body)}`
}

function printOperand(node: Logical, side: 'left' | 'right'): string {
  const body = node[side]
  const [only] = body
  if ((side === 'left' ? node.explicitLeft : node.explicitRight) || body.length !== 1 || only === undefined) return `{ ${printBody(body)} }`
  const { terms } = only
  const grouped =
    only.with.length > 0 ||
    (terms.kind === 'or' && (node.kind === 'and' || side === 'right')) ||
    (terms.kind === 'and' && node.kind === 'and' && side === 'right') ||
    leadsWithBrace(terms)
  return grouped ? `(${printBody(body)})` : printBody(body)
}

const leadsWithBrace = (terms: Expr['terms']) => terms.kind !== 'call' && isTerm(terms) && opensBrace(terms)
