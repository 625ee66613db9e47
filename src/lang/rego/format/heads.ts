// The head of a rule.
import type { Head } from '../syntax/ast.ts'
import { printTerm } from '../syntax/print.ts'
import { listItem, writeList } from './lists.ts'
import type { Page } from './page.ts'
import { closingRow } from './places.ts'
import { writeRef, writeTerm } from './terms.ts'

/** How the head is to be written. */
export interface HeadStyle {
  readonly default: boolean
  /** The rule has no body but `true`. */
  readonly constant: boolean
  /** The value `true` is said by the rule's form. */
  readonly implied: boolean
}

export function writeHead(page: Page, head: Head, style: HeadStyle): void {
  const [first, second] = head.ref.parts
  if (page.target.refHeads || second === undefined) page.losing(() => writeRef(page, head.ref))
  else if (page.comments[0]?.at.row === second.at.row) {
    page.writeAsWritten(head.at)
    return
  } else page.write(`${printTerm(first)}[${printTerm(second)}]`)
  writeArgs(page, head)
  writeKey(page, head)
  writeValue(page, head, style)
}

function writeArgs(page: Page, { args, at }: Head): void {
  if (args === undefined || args.length === 0) return
  page.write('(')
  const items = args.map((arg) => listItem(arg, false))
  page.ending(')', () => writeList(page, items, at, closingRow('()', page.sourceOf(at), at.row)))
}

function writeKey(page: Page, { key, value }: Head): void {
  if (key === undefined || value !== undefined) return
  page.write(page.target.contains ? ' contains ' : '[')
  writeTerm(page, key)
  if (!page.target.contains) page.write(']')
}

function writeValue(page: Page, { key, value, args, assign }: Head, style: HeadStyle): void {
  if (value === undefined) return
  const isTrue = value.kind === 'boolean' && value.value
  if (key === undefined && isTrue && !style.constant && !style.default) return
  // In v1 a constant reference of more than one step says its value.
  const saysValue = page.target.v1 && style.constant && key === undefined && (args === undefined || args.length === 0)
  if (isTrue && style.implied && !saysValue) return
  page.write(assign || page.target.v1 ? ' := ' : ' = ')
  writeTerm(page, value)
}
