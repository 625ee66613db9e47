// A package whose rules and imports are typed one by one. It is kept as text: each statement as it was typed, and where it begins.

import { partsText } from '../../../lang/rego/compile/text.ts'
import type { Fault } from '../../../lang/rego/faults.ts'
import type { Import, Module, RegoVersion, Rule, Term } from '../../../lang/rego/syntax/ast.ts'
import { parseModule } from '../../../lang/rego/syntax/module.ts'
import { equalTerms } from '../../../lang/rego/syntax/order.ts'

interface Typed {
  readonly text: string
  /** Of a rule, its head's reference. */
  readonly ref: readonly Term[] | undefined
}

export class TypedModule {
  /** `a.b` */
  readonly path: string
  /** By what diagnostics call it. */
  readonly file: string
  readonly version: RegoVersion
  readonly #imports: readonly Typed[]
  readonly #rules: readonly Typed[]

  constructor(path: string, version: RegoVersion, imports: readonly Typed[] = [], rules: readonly Typed[] = []) {
    this.path = path
    this.file = `package ${path}`
    this.version = version
    this.#imports = imports
    this.#rules = rules
  }

  /** As text, an empty line before the first import and each rule. */
  get text(): string {
    return [this.file, ...this.#statements.map(({ text, gap }) => (gap ? `\n${text}` : text))].map((each) => `${each}\n`).join('')
  }

  /** Throws RegoRejected. */
  get module(): Module {
    return parseModule(this.file, this.text, { version: this.version })
  }

  get imports(): readonly string[] {
    return this.#imports.map(({ text }) => text)
  }

  withImport({ path, alias }: Import): TypedModule {
    const text = `import ${partsText(path.parts)}${alias === undefined ? '' : ` as ${alias}`}`
    if (this.#imports.some((each) => each.text === text)) return this
    return new TypedModule(this.path, this.version, [...this.#imports, { text, ref: undefined }], this.#rules)
  }

  withRule(rule: Rule, text: string): TypedModule {
    return new TypedModule(this.path, this.version, this.#imports, [...this.#rules, { text, ref: rule.head.ref.parts }])
  }

  /** Without the rules that make the same document as a reference, or a part of it; itself where there are none. */
  without(ref: readonly Term[]): TypedModule {
    const left = this.#rules.filter((rule) => !overlap(rule.ref ?? [], ref))
    return left.length === this.#rules.length ? this : new TypedModule(this.path, this.version, this.#imports, left)
  }

  /** A fault where its author sees it: in the statement, not in the module. */
  placed(fault: Fault): Fault {
    const { location } = fault
    if (location?.file !== this.file) return fault
    let end = 2
    for (const { text, gap } of this.#statements) {
      const begin = gap ? end + 1 : end
      end = begin + text.split('\n').length
      if (location.row < end) return { ...fault, location: { file: '', row: location.row - begin + 1, col: location.col } }
    }
    return fault
  }

  get #statements(): readonly (Typed & { readonly gap: boolean })[] {
    return [...this.#imports.map((each, at) => ({ ...each, gap: at === 0 })), ...this.#rules.map((each) => ({ ...each, gap: true }))]
  }
}

/** Whether one reference is a beginning of the other. */
function overlap(a: readonly Term[], b: readonly Term[]): boolean {
  return a.slice(0, b.length).every((part, at) => equalTerms(part, b[at]!))
}
