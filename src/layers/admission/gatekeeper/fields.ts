// Fields of a document as Go's decoder takes them: null is as if the field were not there, a wrong type ends it, other fields do not matter.
import { type Code, ThymusError } from '../../../core/errors.ts'
import { printable } from '../../../core/quote.ts'
import { type Fields, isFields } from '../../../formats/kubernetes/object.ts'

export class FieldReader {
  readonly #fields: Fields
  readonly #code: Code
  /** For people: a file, or the kind and name of an object. */
  readonly #about: string
  readonly #path: string

  /** Throws ThymusError `code` if `value` is no object; where it is left out, it is an empty one. */
  constructor(value: unknown, code: Code, about: string, path = '') {
    this.#code = code
    this.#about = about
    this.#path = path
    if (value !== undefined && value !== null && !isFields(value)) this.fail('', 'is no object')
    this.#fields = value ?? {}
  }

  get names(): readonly string[] {
    return Object.keys(this.#fields)
  }

  has(name: string): boolean {
    return this.value(name) !== undefined
  }

  value(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? (this.#fields[name] ?? undefined) : undefined
  }

  object(name: string): FieldReader {
    return new FieldReader(this.value(name), this.#code, this.#about, this.#at(name))
  }

  objects(name: string): readonly FieldReader[] {
    return this.#list(name).map((item, at) => new FieldReader(item, this.#code, this.#about, `${this.#at(name)}[${at}]`))
  }

  /** Empty where there is none. */
  text(name: string): string {
    const value = this.value(name) ?? ''
    return typeof value === 'string' ? value : this.fail(name, 'is no text')
  }

  texts(name: string): readonly string[] {
    return this.#list(name).map((item, at) => (typeof item === 'string' ? item : this.fail(`${name}[${at}]`, 'is no text')))
  }

  /** False where there is none. */
  boolean(name: string): boolean {
    const value = this.value(name) ?? false
    return typeof value === 'boolean' ? value : this.fail(name, 'is neither true nor false')
  }

  /** Throws an error that names the field; '' is the object itself. */
  fail(name: string, text: string): never {
    const field = name === '' ? this.#path : this.#at(name)
    throw new ThymusError(this.#code, printable(field === '' ? text : `${field} ${text}`, 400), { at: this.#about })
  }

  #list(name: string): readonly unknown[] {
    const value = this.value(name) ?? []
    return Array.isArray(value) ? value : this.fail(name, 'is no list')
  }

  #at(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`
  }
}
