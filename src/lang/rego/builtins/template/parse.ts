import { readTerm } from '../../values/text.ts'
import { fail, type Token } from './lex.ts'
import {
  call,
  constant,
  type Expression,
  evaluate,
  field,
  loop,
  MAX_DEPTH,
  NONE,
  type Node,
  type Pipeline,
  run,
  scoped,
  write,
} from './run.ts'
import { type Datum, FUNCTIONS, isTrue, Own, show } from './values.ts'

/** Reads the tokens of a template; those that it defines go into a map that it is given. Throws BuiltinError. */
export class Parser {
  readonly #tokens: readonly Token[]
  readonly #templates: Map<string, readonly Node[]>
  #at = 0
  #loops = 0
  #names = ['$']
  #nested = 0

  constructor(tokens: readonly Token[], templates: Map<string, readonly Node[]>) {
    this.#tokens = tokens
    this.#templates = templates
  }

  whole(): readonly Node[] {
    const { nodes, end } = this.#list()
    if (end !== undefined) throw fail(`unexpected {{${end}}}`)
    return nodes
  }

  /** Up to `else`, `end` or the end of the text. */
  #list(): { nodes: Node[]; end: 'else' | 'end' | undefined } {
    if (++this.#nested > MAX_DEPTH) throw fail('nested too deep')
    const nodes: Node[] = []
    for (;;) {
      const token = this.#tokens[this.#at]
      if (token === undefined || this.#isWord('else') || this.#isWord('end')) {
        this.#nested--
        if (token === undefined) return { nodes, end: undefined }
        return { nodes, end: this.#word() as 'else' | 'end' }
      }
      if (token.kind === 'text') {
        this.#at++
        nodes.push((state) => write(state, token.text))
      } else nodes.push(this.#action())
    }
  }

  #action(): Node {
    this.#space()
    const word = this.#tokens[this.#at]?.kind === 'word' ? this.#tokens[this.#at]!.text : ''
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        this.#at++
        return this.#control(word)
      case 'define':
        return this.#define()
      case 'template':
      case 'block':
        return this.#template(word)
      case 'break':
      case 'continue':
        this.#at++
        if (this.#loops === 0) throw fail(`{{${word}}} outside {{range}}`)
        this.#close()
        return () => word
    }
    const pipeline = this.#pipeline('}}')
    return (state, dot) => {
      const value = evaluate(pipeline, state, dot)
      if (pipeline.names.length === 0) write(state, show(value))
      return undefined
    }
  }

  #control(word: 'if' | 'with' | 'range'): Node {
    const names = this.#names.length
    const pipeline = this.#pipeline('}}', word === 'range')
    if (word === 'range') this.#loops++
    const { nodes, end } = this.#list()
    if (word === 'range') this.#loops--
    const otherwise = end === 'else' ? this.#else(word) : []
    if (end === undefined) throw fail('unexpected EOF')
    if (end === 'end') this.#close()
    this.#names.length = names
    if (word === 'range') return (state, dot) => scoped(state, () => loop(pipeline, nodes, otherwise, state, dot))
    return (state, dot) =>
      scoped(state, () => {
        const value = evaluate(pipeline, state, dot)
        if (isTrue(value)) return run(nodes, state, word === 'with' ? value : dot)
        return run(otherwise, state, dot)
      })
  }

  /** `{{else}}…{{end}}`, or `{{else if …}}`, which has the same end. */
  #else(word: 'if' | 'with' | 'range'): readonly Node[] {
    this.#space()
    if (word !== 'range' && this.#isWord(word)) {
      this.#at++
      return [this.#control(word)]
    }
    this.#close()
    const { nodes, end } = this.#list()
    if (end !== 'end') throw fail('expected end; found else')
    this.#close()
    return nodes
  }

  #define(): Node {
    this.#at++
    const name = this.#name()
    this.#close()
    this.#templates.set(name, this.#body())
    return () => undefined
  }

  #body(): readonly Node[] {
    const before = this.#names
    this.#names = ['$']
    const { nodes, end } = this.#list()
    if (end !== 'end') throw fail('unexpected EOF')
    this.#close()
    this.#names = before
    return nodes
  }

  #template(word: 'template' | 'block'): Node {
    this.#at++
    const name = this.#name()
    this.#space()
    const empty = this.#tokens[this.#at]?.kind === 'end'
    const pipeline = empty ? undefined : this.#pipeline('}}')
    if (empty) this.#at++
    if (word === 'block') {
      if (pipeline === undefined) throw fail('missing value for block clause')
      const body = this.#body()
      if (!this.#templates.has(name)) this.#templates.set(name, body)
    }
    return (state, dot) => {
      const body = state.templates.get(name)
      if (body === undefined) throw fail(`template ${JSON.stringify(name)} not defined`)
      if (++state.depth > MAX_DEPTH) throw state.runtime.exceeded('templates nest too deep')
      const value = pipeline === undefined ? undefined : evaluate(pipeline, state, dot)
      const { variables } = state
      state.variables = [['$', value]]
      run(body, state, value)
      state.variables = variables
      state.depth--
      return undefined
    }
  }

  #name(): string {
    this.#space()
    const token = this.#tokens[this.#at++]
    if (token?.kind !== 'string') throw fail('unexpected token in template clause')
    return unquote(token.text)
  }

  #pipeline(close: '}}' | ')', isRange = false): Pipeline {
    if (++this.#nested > MAX_DEPTH) throw fail('nested too deep')
    const { names, declares } = this.#declaration(isRange)
    const commands: { call: (final: Datum | typeof NONE) => Expression }[] = []
    for (;;) {
      commands.push({ call: this.#command() })
      this.#space()
      const token = this.#tokens[this.#at++]
      if (token?.text === close && (token.kind === 'end' || token.kind === 'punct')) break
      if (token?.text !== '|') throw fail(`unexpected ${token?.text ?? 'EOF'} in operand`)
    }
    const value: Expression = (state, dot) => {
      let final: Datum | typeof NONE = NONE
      for (const { call } of commands) final = call(final)(state, dot)
      return final as Datum
    }
    this.#nested--
    if (declares) this.#names.push(...names)
    return { names, declares, value }
  }

  /** `$x := `, `$x = `, and `$i, $x := ` for a range. */
  #declaration(isRange: boolean): { names: string[]; declares: boolean } {
    const start = this.#at
    const names: string[] = []
    for (;;) {
      this.#space()
      const token = this.#tokens[this.#at]
      if (token?.kind !== 'variable') break
      this.#at++
      this.#space()
      names.push(token.text)
      const next = this.#tokens[this.#at]?.text
      if (next === ',' && isRange && names.length === 1) {
        this.#at++
        continue
      }
      if (next !== ':=' && next !== '=') break
      this.#at++
      if (next === '=') for (const name of names) this.#known(name)
      return { names, declares: next === ':=' }
    }
    this.#at = start
    return { names: [], declares: false }
  }

  #known(name: string): void {
    if (!this.#names.includes(name)) throw fail(`undefined variable ${JSON.stringify(name)}`)
  }

  #command(): (final: Datum | typeof NONE) => Expression {
    this.#space()
    const first = this.#tokens[this.#at]
    if (first?.kind === 'word' && !['true', 'false', 'nil'].includes(first.text)) {
      this.#at++
      const name = first.text
      if (name !== 'and' && name !== 'or' && !FUNCTIONS.has(name)) throw fail(`function ${JSON.stringify(name)} not defined`)
      const args = this.#operands()
      return (final) => call(name, args, final)
    }
    const [operand, ...rest] = this.#operands()
    if (operand === undefined) throw fail('missing value for command')
    if (first?.text === 'nil') throw fail('nil is not a command')
    return (final) => {
      if (rest.length > 0 || final !== NONE) throw fail("can't give argument to non-function")
      return operand
    }
  }

  /** Operands with spaces between them. */
  #operands(): Expression[] {
    const operands: Expression[] = []
    for (;;) {
      const spaced = this.#space()
      const operand = this.#operand()
      if (operand === undefined) return operands
      if (operands.length > 0 && !spaced) throw fail('unexpected token in operand')
      operands.push(operand)
    }
  }

  #operand(): Expression | undefined {
    const token = this.#tokens[this.#at]
    if (token === undefined) return undefined
    let value: Expression | undefined
    if (token.kind === 'field') value = (_, dot) => dot
    else {
      value = this.#term(token)
      if (value === undefined) return undefined
      this.#at++
      if (token.text === '(') {
        const pipeline = this.#pipeline(')')
        value = (state, dot) => evaluate(pipeline, state, dot)
      }
    }
    while (this.#tokens[this.#at]?.kind === 'field') {
      const from: Expression = value
      const name = this.#tokens[this.#at++]!.text.slice(1)
      value = (state, dot) => field(from(state, dot), name)
    }
    return value
  }

  #term(token: Token): Expression | undefined {
    switch (token.kind) {
      case 'dot':
        return (_, dot) => dot
      case 'variable':
        this.#known(token.text)
        return (state) => state.variables.findLast(([name]) => name === token.text)![1]
      case 'string':
        return constant(unquote(token.text))
      case 'char':
        return constant(new Own(BigInt(unquote(`"${token.text.slice(1, -1).replaceAll('"', '\\"')}"`).codePointAt(0)!)))
      case 'number':
        return constant(ownNumber(token.text))
      case 'word':
        if (token.text === 'true' || token.text === 'false') return constant(token.text === 'true')
        if (token.text === 'nil') return constant(null)
        if (FUNCTIONS.has(token.text)) return call(token.text, [], NONE)
        throw fail(`function ${JSON.stringify(token.text)} not defined`)
      default:
        return token.text === '(' ? constant(null) : undefined
    }
  }

  #space(): boolean {
    const spaced = this.#tokens[this.#at]?.kind === 'space'
    if (spaced) this.#at++
    return spaced
  }

  /** Whether the action at hand begins with this word. */
  #isWord(word: string): boolean {
    const at = this.#tokens[this.#at]?.kind === 'space' ? this.#at + 1 : this.#at
    return this.#tokens[at]?.kind === 'word' && this.#tokens[at].text === word
  }

  #word(): string {
    this.#space()
    return this.#tokens[this.#at++]!.text
  }

  #close(): void {
    this.#space()
    if (this.#tokens[this.#at++]?.kind !== 'end') throw fail('unexpected token in action')
  }
}

function ownNumber(written: string): Own {
  const text = written.replaceAll('_', '').replace(/^\+/, '')
  const [sign, size] = text.startsWith('-') ? [-1n, text.slice(1)] : [1n, text]
  if (/^0[xXbBoO]/.test(size) || /^\d+$/.test(size)) return new Own(sign * BigInt(/^0\d+$/.test(size) ? `0o${size.slice(1)}` : size))
  const float = Number(text)
  // A float that is whole is an integer where one is wanted.
  return new Own(Number.isSafeInteger(float) && /e/i.test(text) ? BigInt(float) : float)
}

function unquote(written: string): string {
  if (written.startsWith('`')) return written.slice(1, -1)
  const json = written.replace(/\\(?:x([\da-fA-F]{2})|U([\da-fA-F]{8})|([0-7]{3})|([av']))/g, (_, hex, long, octal, letter) => {
    if (letter !== undefined) return letter === "'" ? "'" : letter === 'a' ? '\\u0007' : '\\u000b'
    const code = hex !== undefined ? Number.parseInt(hex, 16) : long !== undefined ? Number.parseInt(long, 16) : Number.parseInt(octal, 8)
    return JSON.stringify(String.fromCodePoint(Math.min(code, 0x10ffff))).slice(1, -1)
  })
  const value = readTerm(json)
  if (typeof value !== 'string') throw fail('invalid syntax')
  return value
}
