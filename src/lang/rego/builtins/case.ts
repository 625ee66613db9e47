// Upper and lower case as Go has them: one code point for one, without the longer forms that JavaScript makes (ß stays ß).

/** Greek letters with an iota below, which have a form of one code point besides. */
const IOTA: ReadonlyMap<string, string> = new Map(
  [
    ...[0x1f80, 0x1f90, 0x1fa0].flatMap((from) => Array.from({ length: 8 }, (_, at) => [from + at, from + at + 8] as const)),
    [0x1fb3, 0x1fbc],
    [0x1fc3, 0x1fcc],
    [0x1ff3, 0x1ffc],
  ].map(([small, large]) => [String.fromCodePoint(small!), String.fromCodePoint(large!)]),
)

export const upper = (text: string) =>
  mapped(
    text,
    (c) => c.toUpperCase(),
    (c) => IOTA.get(c) ?? c,
  )
export const lower = (text: string) =>
  mapped(
    text,
    (c) => c.toLowerCase(),
    () => 'i',
  )

/** `rest` is for code points whose full mapping is longer; of capitals this is İ alone. */
function mapped(text: string, map: (text: string) => string, rest: (c: string) => string): string {
  if (/^[\0-\x7f]*$/.test(text)) return map(text)
  return Array.from(text, (c) => {
    const other = map(c)
    return other.length > 1 && [...other].length > 1 ? rest(c) : other
  }).join('')
}
