// Go's layouts: a time is written, and read, by the example of Mon Jan 2 15:04:05 MST 2006.

/** Names that OPA takes for layouts. */
export const LAYOUTS: ReadonlyMap<string, string> = new Map([
  ['ANSIC', 'Mon Jan _2 15:04:05 2006'],
  ['UnixDate', 'Mon Jan _2 15:04:05 MST 2006'],
  ['RubyDate', 'Mon Jan 02 15:04:05 -0700 2006'],
  ['RFC822', '02 Jan 06 15:04 MST'],
  ['RFC822Z', '02 Jan 06 15:04 -0700'],
  ['RFC850', 'Monday, 02-Jan-06 15:04:05 MST'],
  ['RFC1123', 'Mon, 02 Jan 2006 15:04:05 MST'],
  ['RFC1123Z', 'Mon, 02 Jan 2006 15:04:05 -0700'],
  ['RFC3339', '2006-01-02T15:04:05Z07:00'],
  ['RFC3339Nano', '2006-01-02T15:04:05.999999999Z07:00'],
])

export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const
export const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const

/** A piece of a layout: literal text, or an element by the text that stands for it. */
export interface Piece {
  readonly kind: 'text' | 'element' | 'fraction'
  readonly text: string
}

/** The longer first. `Jan` and `Mon` are none before a small letter, `_2006` is a `_` and a year, fractions end the digits. */
const ELEMENT = new RegExp(
  [
    'January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST',
    '0[1-6]|002|15|1|2006|2|_2(?!006)|__2|3|4|5|PM|pm',
    '[-Z]07(?:0000|:00:00|00|:00)?',
    '[.,](?:0+|9+)(?!\\d)',
  ].join('|'),
  'g',
)

export function piecesOf(layout: string): readonly Piece[] {
  const pieces: Piece[] = []
  let at = 0
  for (const found of layout.matchAll(ELEMENT)) {
    if (found.index > at) pieces.push({ kind: 'text', text: layout.slice(at, found.index) })
    pieces.push({ kind: /^[.,]/.test(found[0]) ? 'fraction' : 'element', text: found[0] })
    at = found.index + found[0].length
  }
  if (at < layout.length) pieces.push({ kind: 'text', text: layout.slice(at) })
  return pieces
}
