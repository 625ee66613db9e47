// Types and the declarations of functions as OPA writes them in its messages: `any<array[string], object<a: number>[string: any]>`.
import {
  anyIn,
  arrayOf,
  BOOLEAN,
  type Dynamic,
  type FunctionType,
  functionOf,
  NULL,
  NUMBER,
  objectOf,
  type Param,
  type Property,
  STRING,
  setOf,
  type Type,
} from './type.ts'

/** Reads `name: type, type, … => type`; throws TypeError for what is not of the notation. */
export class TypeReader {
  readonly #tokens: readonly string[]
  #at = 0

  constructor(text: string) {
    this.#tokens = text.match(/=>|\.\.\.|[[\]<>(),:]|[^\s[\]<>(),:.=]+/g) ?? []
  }

  /** What stands between the parentheses of a declaration, and after them. */
  declaration(): FunctionType {
    const params: Param[] = []
    let variadic: Param | undefined
    this.#expect('(')
    while (!this.#take(')')) {
      const param = this.#param()
      if (this.#take('...')) variadic = param
      else params.push(param)
      this.#take(',')
    }
    const result = this.#take('=>') ? this.#param() : undefined
    this.#end()
    return functionOf(params, result, variadic)
  }

  type(): Type {
    const type = this.#type()
    this.#end()
    return type
  }

  #param(): Param {
    const words = [this.#next()]
    while (this.#peek() !== undefined && !/^\W/.test(this.#peek()!)) words.push(this.#next())
    if (this.#take(':')) return { name: words.join(' '), type: this.#type() }
    this.#at -= words.length
    return { name: undefined, type: this.#type() }
  }

  #type(): Type {
    const kind = this.#next()
    switch (kind) {
      case 'null':
        return NULL
      case 'boolean':
        return BOOLEAN
      case 'number':
        return NUMBER
      case 'string':
        return STRING
      case 'any':
        return anyIn(this.#list(() => this.#type()))
      case 'array': {
        const items = this.#list(() => this.#type())
        const rest = this.#bracketed(() => this.#type())
        return arrayOf(items, rest)
      }
      case 'set':
        return setOf(this.#bracketed(() => this.#type()))
      case 'object': {
        const properties = this.#list((): Property => ({ key: this.#key(), value: this.#type() }))
        return objectOf(
          properties,
          this.#bracketed(() => this.#dynamic()),
        )
      }
      default:
        throw new TypeError(`${kind} is no type`)
    }
  }

  #key(): string {
    const key = this.#next()
    this.#expect(':')
    return key
  }

  #dynamic(): Dynamic {
    const key = this.#type()
    this.#expect(':')
    return { key, value: this.#type() }
  }

  /** `<a, b>`, or nothing. */
  #list<T>(item: () => T): T[] {
    const items: T[] = []
    if (!this.#take('<')) return items
    do items.push(item())
    while (this.#take(','))
    this.#expect('>')
    return items
  }

  /** `[a]`, or nothing. */
  #bracketed<T>(item: () => T): T | undefined {
    if (!this.#take('[')) return undefined
    const inside = item()
    this.#expect(']')
    return inside
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at]
  }

  #next(): string {
    const token = this.#peek()
    if (token === undefined) throw new TypeError('a type ends early')
    this.#at++
    return token
  }

  #take(token: string): boolean {
    if (this.#peek() !== token) return false
    this.#at++
    return true
  }

  #expect(token: string): void {
    const found = this.#next()
    if (found !== token) throw new TypeError(`${token} expected in a type, not ${found}`)
  }

  #end(): void {
    if (this.#at < this.#tokens.length) throw new TypeError(`${this.#peek()} after the end of a type`)
  }
}
