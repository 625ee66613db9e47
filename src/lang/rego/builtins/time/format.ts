import { DAYS, MONTHS, piecesOf } from './layout.ts'
import type { Civil } from './zone.ts'

const two = (value: number) => String(value).padStart(2, '0')
const hour12 = (hour: number) => hour % 12 || 12

/** Every element but zone offsets and fractions. */
const WRITTEN: Readonly<Record<string, (time: Civil) => string>> = {
  January: ({ month }) => MONTHS[month - 1]!,
  Jan: ({ month }) => MONTHS[month - 1]!.slice(0, 3),
  Monday: ({ weekday }) => DAYS[weekday]!,
  Mon: ({ weekday }) => DAYS[weekday]!.slice(0, 3),
  '2006': ({ year }) => String(year).padStart(4, '0'),
  '06': ({ year }) => two(year % 100),
  '01': ({ month }) => two(month),
  '1': ({ month }) => String(month),
  '02': ({ day }) => two(day),
  _2: ({ day }) => String(day).padStart(2),
  '2': ({ day }) => String(day),
  '002': ({ yearDay }) => String(yearDay).padStart(3, '0'),
  __2: ({ yearDay }) => String(yearDay).padStart(3),
  '15': ({ hour }) => two(hour),
  '03': ({ hour }) => two(hour12(hour)),
  '3': ({ hour }) => String(hour12(hour)),
  '04': ({ minute }) => two(minute),
  '4': ({ minute }) => String(minute),
  '05': ({ second }) => two(second),
  '5': ({ second }) => String(second),
  PM: ({ hour }) => (hour >= 12 ? 'PM' : 'AM'),
  pm: ({ hour }) => (hour >= 12 ? 'pm' : 'am'),
}

/** The time by a layout; `abbreviation` is what its zone is called at that time. */
export function formatTime(time: Civil, layout: string, abbreviation: string): string {
  return piecesOf(layout)
    .map(({ kind, text }) => {
      if (kind === 'text') return text
      if (kind === 'fraction') return fraction(time.nanosecond, text)
      if (text === 'MST') return abbreviation
      return WRITTEN[text]?.(time) ?? offset(time.offset, text)
    })
    .join('')
}

function fraction(nanosecond: number, element: string): string {
  const digits = String(nanosecond)
    .padStart(9, '0')
    .padEnd(element.length - 1, '0')
    .slice(0, element.length - 1)
  if (element[1] === '0') return element[0] + digits
  const kept = digits.replace(/0+$/, '')
  return kept === '' ? '' : element[0] + kept
}

/** By `-0700` and its kin; those with a Z write only this for Greenwich. */
function offset(seconds: number, element: string): string {
  if (element.startsWith('Z') && seconds === 0) return 'Z'
  const size = Math.abs(seconds)
  const colon = element.includes(':') ? ':' : ''
  const parts = [Math.floor(size / 3600), Math.floor(size / 60) % 60, size % 60]
  const shown = parts.slice(0, (element.replaceAll(':', '').length - 1) / 2).map(two)
  return (seconds <= -60 ? '-' : '+') + shown.join(colon)
}
