const SHOWN = 10

/** The first few of many, and how many more there are. */
export function some(parts: readonly string[]): string {
  const shown = parts.slice(0, SHOWN).join('; ')
  return parts.length > SHOWN ? `${shown}; and ${parts.length - SHOWN} more` : shown
}
