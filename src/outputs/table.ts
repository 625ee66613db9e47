import type { Terminal, Tone } from './text.ts'
import { columnsOf, cut, plain, toned } from './text.ts'

export type Cell = string | { readonly text: string; readonly tone: Tone }

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Columns on the terminal where rows come one by one and nobody knows how wide they will be. */
  readonly usual?: number
}

export interface Table {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Cell[])[]
}

const GAP = '  '
/** No column is cut to less than this: a name, a time, an address can still be told. */
const LEAST = 12

/** Lines of a table, as wide as what is in it; where the terminal is narrower, the widest columns are cut until it fits. */
export function tableText({ columns, rows }: Table, terminal: Terminal): string {
  const body = rows.map((row) => row.map(shown))
  const wide = columns.map(({ title }, at) => body.reduce((most, row) => Math.max(most, columnsOf(row[at]!.text)), columnsOf(title)))
  const widths = fit(wide, terminal.width)
  return [headCells(columns), ...body].map((row) => line(row, columns, widths, terminal)).join('')
}

/** For rows that come one by one: the head, and each row, in the usual widths. The last column has what is left of the line. */
export class RowWriter {
  readonly #columns: readonly Column[]
  readonly #widths: readonly number[]
  readonly #terminal: Terminal

  constructor(columns: readonly Column[], terminal: Terminal) {
    const usual = columns.map(({ title, usual }) => Math.max(usual ?? 0, columnsOf(title)))
    const before = usual.slice(0, -1).reduce((sum, each) => sum + each + GAP.length, 0)
    this.#columns = columns
    this.#terminal = terminal
    this.#widths = usual.with(-1, terminal.width === undefined ? Number.POSITIVE_INFINITY : Math.max(LEAST, terminal.width - before))
  }

  head(): string {
    return line(headCells(this.#columns), this.#columns, this.#widths, this.#terminal)
  }

  row(cells: readonly Cell[]): string {
    const widths = this.#terminal.width === undefined ? cells.map(() => Number.POSITIVE_INFINITY) : this.#widths
    return line(cells.map(shown), this.#columns, widths, this.#terminal, this.#widths)
  }
}

interface Shown {
  readonly text: string
  readonly tone: Tone
}

function headCells(columns: readonly Column[]): Shown[] {
  return columns.map(({ title }) => ({ text: title, tone: 'dim' }))
}

function shown(cell: Cell): Shown {
  return typeof cell === 'string' ? { text: plain(cell), tone: 'plain' } : { text: plain(cell.text), tone: cell.tone }
}

/** The widest columns are brought down together, until the line fits or they are at their least. */
function fit(wide: readonly number[], width: number | undefined): readonly number[] {
  if (width === undefined) return wide
  const room = width - GAP.length * (wide.length - 1)
  const sumAt = (limit: number) => wide.reduce((sum, each) => sum + Math.min(each, limit), 0)
  let limit = Math.max(LEAST, ...wide)
  while (limit > LEAST && sumAt(limit) > room) limit--
  const widths = wide.map((each) => Math.min(each, limit))
  // What is left over goes to the columns that were cut, from the last on: it says most.
  let left = room - sumAt(limit)
  return widths.reduceRight<number[]>((done, each, at) => {
    const more = Math.max(0, Math.min(left, wide[at]! - each))
    left -= more
    done.unshift(each + more)
    return done
  }, [])
}

/** `limits`: what a cell may take; `widths`: what it is filled up to. The colour ends where the text does. */
function line(cells: readonly Shown[], columns: readonly Column[], limits: readonly number[], terminal: Terminal, widths = limits): string {
  const parts = cells.map(({ text, tone }, at) => {
    const inside = cut(text, limits[at]!, terminal)
    const space = Number.isFinite(widths[at]!) ? ' '.repeat(Math.max(0, widths[at]! - columnsOf(inside))) : ''
    return columns[at]!.align === 'right' ? space + toned(inside, tone, terminal) : toned(inside, tone, terminal) + space
  })
  return `${parts.join(GAP).trimEnd()}\n`
}
