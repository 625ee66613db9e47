/** Characters that JSON leaves as they are and that move a cursor, reorder a line or hide: they may come from the name of a process. */
export const UNSAFE = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/**
 * JSON that is safe to look at: what is unsafe stands as `\uXXXX`, which means the same. A bigint is written in digits, as a string.
 * Bytes that are no UTF-8 (event.ts `textOf`) stand as `\udc80` … `\udcff`.
 */
export function jsonText(value: unknown, indent?: number): string {
  return escaped(JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each), indent))
}

/** For text in which all that is unsafe stands between double quotes of JSON or YAML. */
export function escaped(text: string): string {
  return text.replace(UNSAFE, (char) =>
    Array.from(char.split(''), (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
  )
}
