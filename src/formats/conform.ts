// Documents that must follow a schema: what the first thing is that is wrong with one, and where.
import type { z } from 'zod'
import { type Code, ThymusError } from '../core/errors.ts'
import { printable } from '../core/quote.ts'

export interface Problem {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

/** The first problem of a document that does not follow its schema. A field that is not known is named itself, not what holds it. */
export function firstProblem({ issues }: z.ZodError): Problem {
  const issue = issues[0]!
  return issue.code === 'unrecognized_keys'
    ? { path: [...issue.path, issue.keys[0]!], message: 'unknown field' }
    : { path: issue.path, message: issue.message }
}

/** A path as people write it: `spec.rules[0].name`; empty for the whole document. */
export const pathText = (path: readonly PropertyKey[]): string =>
  path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${printable(String(step))}`))
    .join('')
    .slice(1)

/** The document as its schema has it. @throws ThymusError with this code and the first problem, its field in `at` */
export function conform<Schema extends z.ZodType>(schema: Schema, document: unknown, code: Code): z.output<Schema> {
  const result = schema.safeParse(document)
  if (result.success) return result.data
  const { path, message } = firstProblem(result.error)
  throw new ThymusError(code, message, { at: pathText(path) || 'the document' })
}
