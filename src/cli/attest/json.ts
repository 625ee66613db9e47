import { type Code, ThymusError, within } from '../../core/errors.ts'
import { readText } from '../files.ts'

/** A document. @throws ThymusError with this code, at this file */
export function json(text: string, file: string, code: Code): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ThymusError(code, `not JSON: ${(cause as Error).message}`, { at: file, cause })
  }
}

/** The document in a file, as its reader takes it. @throws ThymusError, which names the file and the field */
export function readDocument<T>(file: string, code: Code, read: (document: unknown) => T): T {
  return within(file, () => read(json(readText(file), file, code)))
}
