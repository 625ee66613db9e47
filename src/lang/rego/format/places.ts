// Where things stand in the source: rows counted in text, brackets matched by counting. Strings and comments are text as well here, because
// OPA counts so, and its layout follows from it.
import type { Location } from '../syntax/ast.ts'

export type Brackets = '()' | '[]' | '{}'

/** No row of the source. */
export const NOWHERE = -1

export const newlines = (text: string) => {
  let count = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++
  return count
}

export const endRow = (row: number, text: string) => row + newlines(text)

/** The row of the bracket that closes the first opened in the text, after the pair `skip` if one is given. NOWHERE if there is none. */
export function closingRow(brackets: Brackets, text: string, row: number, skip?: Brackets): number {
  const at = skip === undefined ? 0 : closing(skip, text, 0)
  const skipped = skip === undefined ? -1 : text.indexOf(skip[0]!)
  const rows = skipped === -1 ? 0 : newlines(text.slice(skipped, at))
  const open = text.indexOf(brackets[0]!, at)
  if (open === -1) return NOWHERE
  const end = closing(brackets, text, at)
  return end >= text.length ? NOWHERE : row + rows + newlines(text.slice(open, end))
}

/** Where the first pair from there on closes; the length of the text if it does not. */
function closing(brackets: Brackets, text: string, from: number): number {
  const open = text.indexOf(brackets[0]!, from)
  let depth = 1
  for (let at = (open === -1 ? text.length : open) + 1; at < text.length; at++) {
    if (text[at] === brackets[0]) depth++
    else if (text[at] === brackets[1] && --depth === 0) return at
  }
  return text.length
}

/** By row, then by column. */
export const byPlace = (a: { readonly at: Location }, b: { readonly at: Location }) => a.at.row - b.at.row || a.at.col - b.at.col
