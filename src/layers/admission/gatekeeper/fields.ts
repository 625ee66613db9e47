// How Gatekeeper's documents are read: an error says of which of them it is, and names the field in its text.
import { type Code, ThymusError } from '../../../core/errors.ts'
import { printable } from '../../../core/quote.ts'
import { FieldReader } from '../../../formats/kubernetes/field-reader.ts'

const WORDS = { object: 'is no object', list: 'is no list', text: 'is no text', boolean: 'is neither true nor false' }

/**
 * Throws ThymusError `code` if `value` is no object; where it is left out, it is an empty one.
 * @param about for people: a file, or the kind and name of an object
 */
export function readFields(value: unknown, code: Code, about: string, path = ''): FieldReader {
  const error = (field: string, text: string) =>
    new ThymusError(code, printable(field === '' ? text : `${field} ${text}`, 400), { at: about })
  return new FieldReader(value, { words: WORDS, error }, path)
}
