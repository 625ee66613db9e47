// How Pod Security reads objects of a request: what the API server would not have decoded is refused, and the field named.
import { ThymusError } from '../../../core/errors.ts'
import { quote } from '../../../core/quote.ts'
import { FieldReader, type Manner } from '../../../formats/kubernetes/field-reader.ts'
import { isFields } from '../../../formats/kubernetes/object.ts'

export const WORDS = { object: 'must be an object', list: 'must be a list', text: 'must be a text', boolean: 'must be a boolean' }

/** ThymusError REVIEW, with the path of the field. */
const REQUESTED: Manner = { words: WORDS, error: (path, text) => new ThymusError('REVIEW', `${path} ${text}`, { at: path }) }

/** What is left out, or null, is an object without fields. @throws ThymusError REVIEW, as all that is read of it, for a value of another type. */
export const readFields = (value: unknown, path: string) => new FieldReader(value, REQUESTED, path)

/** The object of a request. */
export function whole(value: unknown): FieldReader {
  if (isFields(value)) return readFields(value, '')
  throw new ThymusError('REVIEW', 'the object of the request must be an object')
}

/** A text that may be left out, which is other than empty; and so of truths. */
export const optionalText = (fields: FieldReader, name: string) => (fields.has(name) ? fields.text(name) : undefined)
export const optionalBoolean = (fields: FieldReader, name: string) => (fields.has(name) ? fields.boolean(name) : undefined)

/** The greatest of each size. As a double the greatest of 64 bits is rounded up, and so are those that JSON.parse reads. */
const GREATEST = { 32: 2 ** 31 - 1, 64: 2 ** 63 }

/** A whole number of so many bits, sign and all; undefined where there is none. */
export function integer(fields: FieldReader, name: string, bits: 32 | 64): number | undefined {
  const value = fields.value(name)
  if (value === undefined) return undefined
  const number = typeof value === 'bigint' && BigInt.asIntN(bits, value) === value ? Number(value) : value
  if (typeof number === 'number' && Number.isInteger(number) && number >= -(2 ** (bits - 1)) && number <= GREATEST[bits]) return number
  return fields.fail(name, `must be a whole number of ${bits} bits`)
}

/** A map of texts, as labels and annotations are. */
export function textMap(fields: FieldReader, name: string): ReadonlyMap<string, string> {
  const map = fields.object(name)
  const texts = new Map<string, string>()
  for (const key of map.names) {
    const value = map.value(key) ?? ''
    if (typeof value !== 'string') throw map.manner.error(`${map.path}[${quote(key)}]`, map.manner.words.text)
    texts.set(key.toWellFormed(), value.toWellFormed())
  }
  return texts
}
