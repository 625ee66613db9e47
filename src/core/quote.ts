/** Longest piece of somebody else's text that is worth printing; the rest tells nothing more about what is wrong with it. */
const SHOWN = 64

/**
 * Text that somebody else wrote, cut short and unable to move a terminal's cursor or to reorder a line: controls, format characters
 * (Unicode Cc and Cf: escape sequences, bidirectional overrides) and line separators are spelled out.
 */
export function printable(text: string, shown = SHOWN): string {
  const rest = text.length - shown
  return rest > 0 ? `${escaped(text.slice(0, shown))}… (${text.length} characters)` : escaped(text)
}

/** The same in double quotes. */
export function quote(text: string, shown = SHOWN): string {
  const rest = text.length - shown
  const inside = escaped(text.slice(0, shown).replace(/["\\]/g, '\\$&'))
  return rest > 0 ? `"${inside}"… (${text.length} characters)` : `"${inside}"`
}

function escaped(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`)
}
