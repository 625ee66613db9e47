/** Longer texts are not kept: what hostile ones take must not grow with the memory they have. */
const MAX_LENGTH = 1_024

/** A function of texts that keeps what it made of some. */
export interface Kept<T> {
  (text: string): T
  /** Whether it need not be made. */
  has(text: string): boolean
}

/** Keeps what was made of the last texts, `limit` at most: policies ask with few, again and again. */
export function kept<T extends object | boolean>(limit: number, make: (text: string) => T): Kept<T> {
  const known = new Map<string, T>()
  const get = (text: string): T => {
    const found = known.get(text)
    if (found !== undefined) return found
    const made = make(text)
    if (text.length > MAX_LENGTH) return made
    if (known.size >= limit) known.clear()
    known.set(text, made)
    return made
  }
  return Object.assign(get, { has: (text: string) => known.has(text) })
}
