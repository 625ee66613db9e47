// Imports, sorted within groups that no blank row parts.
import { compareTerms } from '../syntax/order.ts'
import { compareStrings } from '../values/order.ts'
import { type Entry, futureKeyword } from './directives.ts'
import { lineOf, type Page } from './page.ts'
import { writeRef } from './terms.ts'

export function writeImports(page: Page, imports: readonly Entry[]): void {
  const rows = new Set(imports.map(({ at }) => at.row))
  const beside = new Map(page.comments.filter(({ at }) => rows.has(at.row)).map((comment) => [firstOn(imports, comment.at.row), comment]))
  page.comments = page.comments.filter(({ at }) => !rows.has(at.row))
  for (const group of groupsOf(imports)) {
    page.commentsBefore(group[0]!.at.row)
    for (const each of group.toSorted((a, b) => compareTerms(a.path, b.path) || compareStrings(a.alias ?? '', b.alias ?? ''))) {
      page.startLine()
      page.write('import ')
      writePath(page, each)
      const comment = beside.get(each)
      if (comment !== undefined) page.write(` ${lineOf(comment)}`)
      page.endLine()
    }
    page.blankLine()
  }
}

const firstOn = (imports: readonly Entry[], row: number) => imports.find(({ at }) => at.row === row)

function groupsOf(imports: readonly Entry[]): readonly (readonly Entry[])[] {
  const groups: Entry[][] = []
  for (const each of imports) {
    const last = groups.at(-1)?.at(-1)
    if (last === undefined || each.at.row - last.at.row > 1) groups.push([each])
    else groups.at(-1)!.push(each)
  }
  return groups
}

/** Comments are none of a path's business; a directive's keyword never stands in brackets. */
function writePath(page: Page, entry: Entry): void {
  const keyword = futureKeyword(entry)
  const { comments } = page
  page.comments = []
  if (keyword === undefined) writeRef(page, entry.path)
  else page.write(`future.keywords.${keyword}`)
  page.comments = comments
  if (entry.alias !== undefined) page.write(` as ${entry.alias.startsWith('$') ? '_' : entry.alias}`)
}
