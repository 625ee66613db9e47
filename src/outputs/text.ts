// Text on a terminal: how wide it is, where it may be broken, and what makes it stand out. Whatever came from elsewhere goes through
// `plain` first, so that the name of a process cannot drive the terminal of whoever looks at it.
import { printable } from '../core/quote.ts'

/** Where text for people goes. The caller knows the environment: NO_COLOR, TERM=dumb, a locale without UTF-8, a pipe. */
export interface Terminal {
  /** Columns; undefined where nothing is to be cut or broken. */
  readonly width: number | undefined
  readonly colour: boolean
  /** Nothing outside ASCII but what others wrote. */
  readonly ascii: boolean
}

export type Tone = 'good' | 'bad' | 'doubt' | 'dim' | 'strong' | 'plain'
const SGR: Readonly<Record<Tone, string>> = { good: '32', bad: '1;31', doubt: '33', dim: '2', strong: '1', plain: '' }

/** Longer than any line that somebody reads; a megabyte of argv is none. */
const LONGEST = 10_000

export function plain(text: string): string {
  return printable(text, LONGEST)
}

export function toned(text: string, tone: Tone, { colour }: Pick<Terminal, 'colour'>): string {
  return colour && tone !== 'plain' && text !== '' ? `\u001b[${SGR[tone]}m${text}\u001b[0m` : text
}

/** Columns that a text takes. Combining marks take none; East Asian wide and emoji characters take two (Unicode TR 11). */
export function columnsOf(text: string): number {
  if (ASCII.test(text)) return text.length
  let columns = 0
  for (const char of text) columns += NONE.test(char) ? 0 : WIDE.test(char) ? 2 : 1
  return columns
}

/** At most so many columns, with a mark where something is missing. */
export function cut(text: string, columns: number, { ascii }: Pick<Terminal, 'ascii'>): string {
  if (columnsOf(text) <= columns) return text
  const mark = ascii ? '~' : '…'
  return `${fitting(text, columns - 1)}${mark}`
}

export function padded(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)))
}

/** Lines of at most so many columns, broken between words, or inside one that is longer than a line. */
export function wrapped(text: string, columns: number | undefined): string[] {
  if (columns === undefined) return [text]
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (columnsOf(longer) <= columns) {
      line = longer
      continue
    }
    if (line !== '') lines.push(line)
    line = word
    while (columnsOf(line) > columns) {
      const head = fitting(line, columns) || [...line][0]!
      lines.push(head)
      line = line.slice(head.length)
    }
  }
  return [...lines, line]
}

const ASCII = /^[\x20-\x7e]*$/
const NONE = /[\p{Mn}\p{Me}]/u
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u

function fitting(text: string, columns: number): string {
  let shown = ''
  let left = columns
  for (const char of text) {
    left -= columnsOf(char)
    if (left < 0) break
    shown += char
  }
  return shown
}
