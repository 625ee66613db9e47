/**
 * Where the quote stands that ends a string of JSON: the next one that no backslash makes a part of it; -1 where there is none. Not by a
 * pattern, for V8 remembers each character of a long string, until its stack ends.
 * @param start where the quote stands that begins it
 */
export function stringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text[end - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return end
  }
  return -1
}
