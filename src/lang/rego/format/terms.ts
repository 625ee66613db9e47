// Terms. One that a comment would tear apart is left as it was written.

import type { Call, Location, Ref, StringTerm, Term } from '../syntax/ast.ts'
import { infixOf } from '../syntax/names.ts'
import { printTerm } from '../syntax/print.ts'
import { quoteTerm } from '../values/text.ts'
import { writeArrayComprehension, writeObjectComprehension, writeSetComprehension } from './comprehensions.ts'
import { arityFault } from './faults.ts'
import { listItem, writeArray, writeList, writeObject, writeSet } from './lists.ts'
import { Displaced, type Page, unlessDisplaced } from './page.ts'
import { closingRow } from './places.ts'
import { operatorSpan, spanOf } from './spans.ts'
import { writeTemplate } from './templates.ts'

/** Throws Displaced after it has left a term as written: what stands around it may have to end otherwise. */
export function writeTerm(page: Page, term: Term): void {
  if (page.comments.length === 0) {
    writeTermOnce(page, term, false)
    return
  }
  const mark = page.mark()
  try {
    writeTermOnce(page, term, false)
  } catch (error) {
    if (error instanceof Displaced) page.keepAsWritten(spanOf(page, term), mark)
    throw error
  }
}

/** In parentheses, if `grouped`, what has an operator. */
export function writeTermOnce(page: Page, term: Term, grouped: boolean): void {
  const parens = page.takeParens(term) || grouped
  page.losing(() => {
    page.commentsBefore(term.at.row)
    if (!page.inline) page.startLine()
    writeKind(page, term, parens)
  })
  if (!page.inline) page.startLine()
}

function writeKind(page: Page, term: Term, parens: boolean): void {
  switch (term.kind) {
    case 'ref':
      writeRef(page, term)
      break
    case 'object':
      writeObject(page, term)
      break
    case 'array':
      writeArray(page, term)
      break
    case 'set':
      writeSet(page, term)
      break
    case 'arraycomprehension':
      writeArrayComprehension(page, term)
      break
    case 'setcomprehension':
      writeSetComprehension(page, term)
      break
    case 'objectcomprehension':
      writeObjectComprehension(page, term)
      break
    case 'string':
      writeString(page, term)
      break
    case 'templatestring':
      writeTemplate(page, term)
      break
    case 'call':
      writeCall(page, term, parens)
      break
    default:
      page.write(printTerm(term))
  }
}

/** As it was written, from its first quote on: the place of a string in an `else` begins before it. A step `.name` has no quotes. */
function writeString(page: Page, term: StringTerm): void {
  const text = page.sourceOf(term.at)
  const quote = text.at(-1)
  const from = quote === '"' || quote === '`' ? text.indexOf(quote) : -1
  if (text.startsWith('`')) page.write(text)
  else page.write(from === -1 ? quoteTerm(term.value) : text.slice(from))
}

export function writeRef(page: Page, { parts: [head, ...steps] }: Ref): void {
  writeTermOnce(page, head, head.kind === 'call' && startsInParens(page, head))
  for (const step of steps) {
    if (step.kind === 'string') page.write(stepText(page, step.value, step.at))
    else if (step.kind === 'var') page.write(`[${printTerm(step)}]`)
    else {
      page.write('[')
      try {
        writeTerm(page, step)
      } catch (error) {
        unlessDisplaced(error)
        page.write('\n') // or the bracket would be part of the comment
      }
      page.write(']')
    }
  }
}

/** A step with a constant name: `.name`, or in brackets what is no name, or a keyword that was written so. */
export function stepText(page: Page, name: string, at: Location): string {
  const bracketed = page.target.isKeyword(name) && page.sourceOf(at).startsWith('"')
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !bracketed ? `.${name}` : `[${quoteTerm(name)}]`
}

export const startsInParens = (page: Page, term: Term) => page.sourceOf(spanOf(page, term)).startsWith('(')

function writeCall(page: Page, call: Call, parens: boolean): void {
  const { operator, args, at } = call
  const infix = infixOf(operator)
  if (infix === undefined) {
    writePlainCall(page, call)
    return
  }
  if (infix === 'in') {
    writeMembership(page, call, true, at)
    return
  }
  if (parens) page.write('(')
  const [left, right] = args
  if (left === undefined || right === undefined || args.length !== 2) {
    page.faults.push(arityFault(call, at))
    return
  }
  writeTermOnce(page, left, true)
  page.write(` ${infix} `)
  writeTermOnce(page, right, true)
  if (parens) page.write(')')
}

/** `f(x, y)`. Comments that are written within the name are written again. */
export function writePlainCall(page: Page, { operator, args }: Call): void {
  const { comments } = page
  writeRef(page, operator)
  page.comments = comments
  page.write('(')
  const at = operatorSpan(page, operator)
  const items = args.map((arg) => listItem(arg, false))
  page.ending(')', () => page.losing(() => writeList(page, items, at, closingRow('()', page.sourceOf(at), at.row))))
}

/** `x in xs`; `k, v in xs` in parentheses if it is a term. */
export function writeMembership(page: Page, call: Call, term: boolean, at: Location): void {
  const [first, second, third] = call.args
  const keyed = call.operator.parts.at(-1)
  if (
    first === undefined ||
    second === undefined ||
    call.args.length !== (keyed?.kind === 'string' && keyed.value === 'member_3' ? 3 : 2)
  ) {
    page.faults.push(arityFault(call, at))
    return
  }
  page.losing(() => {
    if (third === undefined) {
      writeTermOnce(page, first, true)
      page.write(' in ')
      writeTermOnce(page, second, true)
      return
    }
    if (term) page.write('(')
    page.ending(term ? ')' : '', () => {
      writeTermOnce(page, first, true)
      page.write(', ')
      writeTermOnce(page, second, true)
      page.write(' in ')
      writeTermOnce(page, third, true)
    })
  })
}
