// What is wrong with a file, collected: all problems are told at once, and then nothing of the file is used.
import type { Code } from '../../core/errors.ts'
import { ThymusError } from '../../core/errors.ts'
import type { Span } from '../../core/policy.ts'
import { printable, quote } from '../../core/quote.ts'
import type { Path, YamlDocument } from '../../formats/yaml/parse.ts'

/** A value in a file, and the path to it. */
export interface Part {
  readonly document: YamlDocument
  readonly path: Path
  readonly value: unknown
}

/** More than a person reads of one file; the rest is counted. */
const MAX_TOLD = 20

export class Problems {
  readonly #file: string
  readonly #told: { readonly code: Code; readonly at: string; readonly text: string }[] = []
  #untold = 0

  constructor(file: string) {
    this.#file = file
  }

  get none(): boolean {
    return this.#told.length === 0
  }

  /** Where `path` below the part is written. */
  span(part: Part, path: Path = []): Span {
    return { file: this.#file, ...part.document.place([...part.path, ...path]) }
  }

  add(code: Code, part: Part, path: Path, text: string): void {
    if (this.#told.length === MAX_TOLD) {
      this.#untold++
      return
    }
    const { file, line, column } = this.span(part, path)
    const field = fieldName([...part.path, ...path])
    this.#told.push({ code, at: `${file}:${line}:${column}`, text: field === '' ? text : `${field}: ${text}` })
  }

  /** @throws ThymusError with the code and place of the first problem; each further one is a line of its own that begins with its place. */
  end(): void {
    const [first, ...others] = this.#told
    if (first === undefined) return
    const lines = [first.text, ...others.map(({ at, text }) => `${at}: ${text}`)]
    if (this.#untold > 0) lines.push(`${this.#file}: and ${this.#untold} more`)
    throw new ThymusError(first.code, lines.join('\n'), { at: first.at })
  }
}

/** `spec.ingress[0].from`, and `metadata.labels["a/b"]` where a key is no plain word. */
function fieldName(path: Path): string {
  const steps = path.map((step) => {
    if (typeof step === 'number') return `[${step}]`
    return /^[A-Za-z]\w{0,40}$/.test(String(step)) ? `.${String(step)}` : `[${quote(String(step))}]`
  })
  return printable(steps.join('').replace(/^\./, ''), 400)
}
