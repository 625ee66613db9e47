// Fields of a document as Go's decoder takes them into a struct: null is as if the field were not there, a wrong type ends it, other fields do
// not matter, and a surrogate that stands alone is U+FFFD.
import type { ThymusError } from '../../core/errors.ts'
import { type Fields, isFields } from './object.ts'

/** How one sort of document says what is wrong with it. */
export interface Manner {
  /** Of a value that is another than these. */
  readonly words: Readonly<Record<'object' | 'list' | 'text' | 'boolean', string>>
  /** `path`: of the field; empty where it is the document itself. */
  error(path: string, text: string): ThymusError
}

export class FieldReader<M extends Manner = Manner> {
  readonly fields: Fields
  /** False for one that was left out, which has no fields. */
  readonly isThere: boolean
  readonly manner: M
  readonly path: string

  /** Throws the error of the manner, as all methods do, if `value` is there and no object. */
  constructor(value: unknown, manner: M, path = '') {
    this.manner = manner
    this.path = path
    const given = value ?? undefined
    if (given !== undefined && !isFields(given)) this.fail('', manner.words.object)
    this.isThere = given !== undefined
    this.fields = given ?? NO_FIELDS
  }

  get names(): readonly string[] {
    return Object.keys(this.fields)
  }

  has(name: string): boolean {
    return this.value(name) !== undefined
  }

  /** Undefined where there is none. */
  value(name: string): unknown {
    return Object.hasOwn(this.fields, name) ? (this.fields[name] ?? undefined) : undefined
  }

  object(name: string): FieldReader<M> {
    return new FieldReader(this.value(name), this.manner, this.at(name))
  }

  /** What `read` makes of an object; undefined where there is none. */
  optional<T>(name: string, read: (inside: FieldReader<M>) => T): T | undefined {
    return this.has(name) ? read(this.object(name)) : undefined
  }

  objects(name: string): readonly FieldReader<M>[] {
    return this.#list(name).map((item, at) => new FieldReader(item, this.manner, `${this.at(name)}[${at}]`))
  }

  /** Empty where there is none. */
  text(name: string): string {
    return this.#text(name, this.value(name))
  }

  texts(name: string): readonly string[] {
    return this.#list(name).map((item, at) => this.#text(`${name}[${at}]`, item))
  }

  /** False where there is none. */
  boolean(name: string): boolean {
    const value = this.value(name) ?? false
    return typeof value === 'boolean' ? value : this.fail(name, this.manner.words.boolean)
  }

  /** The path of a field. */
  at(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`
  }

  /** '' is the object itself. */
  fail(name: string, text: string): never {
    throw this.manner.error(name === '' ? this.path : this.at(name), text)
  }

  #text(name: string, value: unknown): string {
    const text = value ?? ''
    return typeof text === 'string' ? text.toWellFormed() : this.fail(name, this.manner.words.text)
  }

  #list(name: string): readonly unknown[] {
    const value = this.value(name) ?? []
    return Array.isArray(value) ? value : this.fail(name, this.manner.words.list)
  }
}

const NO_FIELDS: Fields = {}
