import type { z } from 'zod'
import { type Code, ThymusError } from '../../core/errors.ts'
import { printable } from '../../core/quote.ts'

/** The document as its schema has it. @throws ThymusError with this code and the first problem, its field in `at` */
export function conform<Schema extends z.ZodType>(schema: Schema, document: unknown, code: Code): z.output<Schema> {
  const result = schema.safeParse(document)
  if (result.success) return result.data
  const { path, message, ...issue } = result.error.issues[0]!
  if (issue.code === 'unrecognized_keys') throw new ThymusError(code, 'unknown field', { at: fieldText([...path, issue.keys[0]!]) })
  throw new ThymusError(code, message, { at: fieldText(path) })
}

function fieldText(path: readonly PropertyKey[]): string {
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${printable(String(step))}`)).join('')
  return text === '' ? 'the document' : text.slice(1)
}
