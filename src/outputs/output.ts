// `-o FORMAT` and `-o FORMAT=FILE`, as often as one likes: one answer, several writers. What is written is data; all else a program has to
// say is not said here.
import { ThymusError } from '../core/errors.ts'
import type { Finding } from '../core/finding.ts'
import { quote } from '../core/quote.ts'
import { jsonText } from './json.ts'
import type { Cell, Column, Table } from './table.ts'
import { RowWriter, tableText } from './table.ts'
import type { Terminal } from './text.ts'
import { plain } from './text.ts'

/** Raised when a reader of the JSON would have to change. */
const API_VERSION = 'thymus.dev/v1'

export const FORMATS = ['table', 'json', 'ndjson', 'yaml', 'sarif'] as const
export type Format = (typeof FORMATS)[number]

export interface Target {
  readonly format: Format
  /** Null: stdout. */
  readonly file: string | null
}

/** What a command answers: for machines a value of a kind, for people parts with an empty line between. A list has `items`, its kind ends in `List`. */
export interface Answer {
  readonly kind: string
  readonly value: object
  readonly parts: () => readonly Part[]
}
/** `text` was made safe by whoever made it (a board); all else is made safe here. */
export type Part = { readonly table: Table; readonly none: string } | { readonly lines: readonly string[] } | { readonly text: string }

/** Where a target's text goes. */
export interface Sink {
  /** All that goes there. */
  whole(text: string): void
  /** A piece of it, until `close`. */
  write(text: string): void
  close(): void
}

export interface OutputOptions {
  /** Of stdout; a file is as wide as it needs to be, and has no colour. */
  readonly terminal: Terminal
  readonly version: string
  /** @throws ThymusError if it cannot be written */
  readonly open: (file: string | null) => Sink
}

export interface Output {
  /** Writes an answer whole, everywhere. */
  show(answer: Answer): void
  /** Writes items of a kind as they come. */
  stream(kind: string, columns: readonly Column[]): Stream
}
export interface Stream {
  add(item: object, cells: readonly Cell[]): void
  end(): void
}

/** @throws ThymusError USAGE */
export function parseTarget(text: string): Target {
  const equals = text.indexOf('=')
  const name = equals < 0 ? text : text.slice(0, equals)
  const file = equals < 0 ? null : text.slice(equals + 1)
  const format = FORMATS.find((known) => known === name)
  if (format === undefined) throw new ThymusError('USAGE', `${quote(name)} is not one of ${FORMATS.join(', ')}`, { at: '-o' })
  if (file === '') throw new ThymusError('USAGE', `${quote(text)} names no file`, { at: '-o' })
  return { format, file }
}

/** What cannot be written is told before anything is done. @throws ThymusError USAGE if two targets are one place, or whatever `open` throws */
export async function openOutput(targets: readonly Target[], { terminal, version, open }: OutputOptions): Promise<Output> {
  const twice = targets.find(({ file }, at) => targets.findIndex((other) => other.file === file) < at)
  if (twice !== undefined) {
    const place = twice.file === null ? 'stdout' : quote(twice.file)
    throw new ThymusError('USAGE', `two outputs cannot both go to ${place}: take -o FORMAT=FILE`, { at: '-o' })
  }
  const writers: { readonly writer: Writer; readonly sink: Sink }[] = []
  for (const { format, file } of targets) {
    const look = file === null ? terminal : { ...terminal, width: undefined, colour: false }
    writers.push({ writer: await writerOf(format, look, version), sink: open(file) })
  }
  return {
    show: (answer) => {
      for (const { writer } of writers) writer.check(answer.kind)
      for (const { writer, sink } of writers) sink.whole(writer.whole(answer))
    },
    stream: (kind, columns) => {
      const streams = writers.map(({ writer, sink }) => ({ sink, writer: writer.stream(kind, columns) }))
      for (const { sink, writer } of streams) if (writer.head !== '') sink.write(writer.head)
      return {
        add: (item, cells) => {
          for (const { sink, writer } of streams) sink.write(writer.one(item, cells))
        },
        end: () => {
          for (const { sink } of streams) sink.close()
        },
      }
    },
  }
}

interface Writer {
  /** @throws ThymusError USAGE if the format cannot say this */
  check(kind: string): void
  whole(answer: Answer): string
  stream(kind: string, columns: readonly Column[]): StreamWriter
}
interface StreamWriter {
  readonly head: string
  one(item: object, cells: readonly Cell[]): string
}

async function writerOf(format: Format, terminal: Terminal, version: string): Promise<Writer> {
  switch (format) {
    case 'table':
      return tableWriter(terminal)
    case 'json':
      return {
        check: () => {},
        whole: (answer) => `${jsonText(envelope(answer), 2)}\n`,
        stream: (kind) => lines(kind, (item) => jsonText(item)),
      }
    case 'ndjson':
      return { check: () => {}, whole: ndjson, stream: (kind) => lines(kind, (item) => jsonText(item)) }
    case 'yaml': {
      const { yamlText } = await import('./yaml.ts') // 30 ms that only this format costs
      return {
        check: () => {},
        whole: (answer) => yamlText(envelope(answer)),
        stream: (kind) => ({ head: '', one: (item) => `---\n${yamlText({ apiVersion: API_VERSION, kind, ...item })}` }),
      }
    }
    case 'sarif':
      return sarifWriter(version, (await import('./sarif.ts')).sarifText)
  }
}

function tableWriter(terminal: Terminal): Writer {
  return {
    check: () => {},
    whole: ({ parts }) =>
      parts()
        .map((part) => partText(part, terminal))
        .join('\n'),
    stream: (_kind, columns) => {
      const rows = new RowWriter(columns, terminal)
      return { head: rows.head(), one: (_item, cells) => rows.row(cells) }
    },
  }
}

function partText(part: Part, terminal: Terminal): string {
  if ('text' in part) return part.text
  if ('lines' in part) return part.lines.map((line) => `${plain(line)}\n`).join('')
  return part.table.rows.length === 0 ? `${plain(part.none)}\n` : tableText(part.table, terminal)
}

function sarifWriter(version: string, sarifText: (findings: readonly Finding[], version: string) => string): Writer {
  const check = (kind: string) => {
    if (kind !== 'FindingList') throw new ThymusError('USAGE', `SARIF tells findings, not a ${kind}`, { at: '-o' })
  }
  return {
    check,
    whole: ({ value }) => sarifText((value as { readonly items: readonly Finding[] }).items, version),
    stream: () => {
      throw new ThymusError('USAGE', 'SARIF cannot be written as things happen', { at: '-o' })
    },
  }
}

function envelope({ kind, value }: Answer): object {
  return { apiVersion: API_VERSION, kind, ...value }
}

/** A line for each item of a list, one line for all else. */
function ndjson({ kind, value }: Answer): string {
  const items = 'items' in value && Array.isArray(value.items) ? (value.items as object[]) : undefined
  if (items === undefined) return `${jsonText({ apiVersion: API_VERSION, kind, ...value })}\n`
  return items.map((item) => `${jsonText({ apiVersion: API_VERSION, kind: kind.replace(/List$/, ''), ...item })}\n`).join('')
}

function lines(kind: string, text: (item: object) => string): StreamWriter {
  return { head: '', one: (item) => `${text({ apiVersion: API_VERSION, kind, ...item })}\n` }
}
