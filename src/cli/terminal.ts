// What the program may assume of the places where its words go. Data is for stdout; all else is for stderr, and goes through here.
import { printable } from '../core/quote.ts'

export const COLOURS = ['auto', 'always', 'never'] as const
export type Colour = (typeof COLOURS)[number]

const NOTE_SHOWN = 2_000
/** Nothing is said of work that is done before a person wonders. */
const PATIENCE_MS = 1_000
const WIPE = '\r\u001b[K'

/** Colour only for people: asked for, or on a terminal that neither the user (no-color.org) nor the terminal itself declines it for. */
export function useColour(wish: Colour, terminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  if (wish !== 'auto') return wish === 'always'
  return terminal && !env.NO_COLOR && env.TERM !== 'dumb'
}

/** Whether the locale (POSIX: the first of these that is set) has no more than ASCII. */
export function isAscii({ LC_ALL, LC_CTYPE, LANG }: Readonly<Record<string, string | undefined>>): boolean {
  return !/utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '')
}

/** Columns of the terminal that stdout is; undefined where it is none, and nothing needs to be cut. */
export function width(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined
}

/** A remark for people, one line. */
export function note(text: string): void {
  process.stderr.write(`${printable(text, NOTE_SHOWN)}\n`)
}

/** Waits for a piece of work. If it takes longer than a second, and a person looks on, says what for, and wipes that off at the end. */
export async function waiting<T>(what: string, work: Promise<T>): Promise<T> {
  if (!process.stderr.isTTY || process.env.TERM === 'dumb') return work
  const started = Date.now()
  const show = () => process.stderr.write(`${WIPE}${printable(what)} ... ${Math.round((Date.now() - started) / 1000)} s`)
  const wipe = () => process.stderr.write(WIPE)
  let ticks: NodeJS.Timeout | undefined
  const patience = setTimeout(() => {
    show()
    ticks = setInterval(show, PATIENCE_MS)
    process.once('exit', wipe)
  }, PATIENCE_MS)
  try {
    return await work
  } finally {
    clearTimeout(patience)
    if (ticks) {
      clearInterval(ticks)
      process.off('exit', wipe)
      wipe()
    }
  }
}
