// Which expressions and rules of modules were reached, in the form of `opa test --coverage`.
import type { Location, Module, Rule } from './syntax/ast.ts'
import { walkWithElse } from './syntax/walk.ts'

export interface Position {
  readonly row: number
  readonly col: number
}

/** `end` is behind the last character. */
export interface Range {
  readonly start: Position
  readonly end: Position
}

export interface FileCoverage {
  readonly covered?: readonly Range[]
  readonly not_covered?: readonly Range[]
  readonly covered_lines?: number
  readonly not_covered_lines?: number
  /** Of its lines, in percent. */
  readonly coverage?: number
}

export interface CoverageReport {
  readonly files: Readonly<Record<string, FileCoverage>>
  readonly covered_lines: number
  readonly not_covered_lines: number
  readonly coverage: number
}

export class Coverage {
  readonly #reached = new Map<string, Map<string, Location>>()

  /** Takes a place that an evaluation has reached: `visited` of its options. */
  readonly visited = (place: Location): void => {
    const file = this.#reached.get(place.file) ?? new Map<string, Location>()
    if (file.size === 0) this.#reached.set(place.file, file)
    file.set(`${place.start}:${place.end}`, place)
  }

  report(modules: readonly Module[]): CoverageReport {
    const files = modules.toSorted((a, b) => (a.file < b.file ? -1 : 1)).map((module) => [module.file, this.#file(module)] as const)
    const sum = (name: 'covered_lines' | 'not_covered_lines') => files.reduce((total, [, file]) => total + (file[name] ?? 0), 0)
    const [covered, open] = [sum('covered_lines'), sum('not_covered_lines')]
    return { files: Object.fromEntries(files), covered_lines: covered, not_covered_lines: open, coverage: percent(covered, open) }
  }

  #file(module: Module): FileCoverage {
    const covered = ranges([...(this.#reached.get(module.file)?.values() ?? [])], module.text)
    const open = ranges(placesOf(module), module.text).filter((range) => !covered.some((each) => contains(each, range)))
    const [rows, openRows] = [rowsOf(covered).size, rowsOf(open).size]
    return {
      ...(covered.length > 0 && { covered }),
      ...(open.length > 0 && { not_covered: open }),
      ...(rows > 0 && { covered_lines: rows }),
      ...(openRows > 0 && { not_covered_lines: openRows }),
      ...(rows > 0 && { coverage: percent(rows, openRows) }),
    }
  }
}

/** Rows of ranges as spans, each from its first to its last row. */
export function spansOf(list: readonly Range[]): readonly (readonly [from: number, to: number])[] {
  const spans: [number, number][] = []
  for (const row of [...rowsOf(list)].sort((a, b) => a - b)) {
    const last = spans.at(-1)
    if (last?.[1] === row - 1) last[1] = row
    else spans.push([row, row])
  }
  return spans
}

const percent = (covered: number, open: number) => (covered + open === 0 ? 0 : (100 * covered) / (covered + open))

/** What can be reached: heads of rules, and expressions that do something. */
function placesOf({ rules }: Module): readonly Location[] {
  const places: Location[] = []
  for (const first of rules) {
    for (let rule: Rule | undefined = first; rule !== undefined; rule = rule.else) places.push(rule.head.at)
    walkWithElse(first, (node) => {
      if (node.kind === 'expr' && node.terms.kind !== 'some') places.push(node.at)
      return false
    })
  }
  return places
}

/** In their order, each once. */
function ranges(places: readonly Location[], text: string): readonly Range[] {
  const found = new Map(places.map((place) => [`${place.start}:${place.end}`, rangeOf(place, text)]))
  return [...found.values()].sort((a, b) => compare(a.start, b.start) || compare(a.end, b.end))
}

function rangeOf({ row, col, start, end }: Location, text: string): Range {
  const lines = text.slice(start, end).split('\n')
  const last = [...lines.at(-1)!].length
  return { start: { row, col }, end: { row: row + lines.length - 1, col: lines.length === 1 ? col + last : last + 1 } }
}

const compare = (a: Position, b: Position) => a.row - b.row || a.col - b.col
const contains = (a: Range, b: Range) => compare(a.start, b.start) <= 0 && compare(a.end, b.end) >= 0

function rowsOf(list: readonly Range[]): ReadonlySet<number> {
  const rows = new Set<number>()
  for (const { start, end } of list) for (let row = start.row; row <= end.row; row++) rows.add(row)
  return rows
}
