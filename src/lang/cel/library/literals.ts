import { checkPattern } from './regex.ts'
import { readDuration, readTimestamp } from './time.ts'

/** Which argument of a function, where it is a constant, is checked before any evaluation (cel-go's AST validators). */
export const LITERALS: Readonly<Record<string, { readonly argument: number; readonly read: (text: string) => void }>> = {
  duration: { argument: 0, read: (text) => void readDuration(text) },
  timestamp: { argument: 0, read: (text) => void readTimestamp(text) },
  matches: { argument: 1, read: checkPattern },
  find: { argument: 1, read: checkPattern },
  findAll: { argument: 1, read: checkPattern },
}
