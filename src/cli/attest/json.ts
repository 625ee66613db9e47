import { type Code, ThymusError } from '../../core/errors.ts'

/** A document. @throws ThymusError with this code, at this file */
export function json(text: string, file: string, code: Code): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ThymusError(code, `not JSON: ${(cause as Error).message}`, { at: file, cause })
  }
}
