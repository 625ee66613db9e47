// Values as people read them.
import type { Labels } from '../../core/labels.ts'
import type { Span } from '../../core/policy.ts'
import type { Mode } from '../../core/workload.ts'
import type { Cell, Column } from '../../outputs/table.ts'
import type { Tone } from '../../outputs/text.ts'

const MODE_TONES: Readonly<Record<Mode, Tone>> = { observe: 'dim', shadow: 'doubt', enforce: 'good' }

export function placeText({ file, line, column }: Span): string {
  return `${file}:${line}:${column}`
}

export function labelsText(labels: Labels): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
}

export function modeCell(mode: Mode): Cell {
  return { text: mode, tone: MODE_TONES[mode] }
}

/** `allow`, `deny`, or `would deny` where nothing is enforced. */
export function effectCell(effect: string, enforced: boolean): Cell {
  if (effect === 'allow') return { text: effect, tone: 'good' }
  return enforced ? { text: effect, tone: 'bad' } : { text: `would ${effect}`, tone: 'doubt' }
}

/** In UTC, to the second. */
export function timeText(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').replace(/\..*/, 'Z')
}

/** Within a day the time, before that the date. */
export function agoText(at: number, now: number): string {
  const [date, time] = timeText(at).split(' ') as [string, string]
  return now - at < 86_400_000 ? time : date
}

/** As `ls -h` has it: 512, 1.5K, 12M. */
export function bytesText(bytes: number): string {
  const units = ['', 'K', 'M', 'G', 'T', 'P']
  let value = bytes
  let at = 0
  for (; value >= 1024 && at < units.length - 1; at++) value /= 1024
  return `${at === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)}${units[at]}`
}

/** Titles → columns; a title that ends with `>` is of numbers. */
export function columnsOf(...titles: string[]): Column[] {
  return titles.map((title) => (title.endsWith('>') ? { title: title.slice(0, -1), align: 'right' } : { title }))
}
