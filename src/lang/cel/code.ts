// An expression as JavaScript: what a node comes to is an expression of it, and what needs statements is a function of its own. Nothing of
// the expression's text gets into the code: constants and the names of fields are looked up by number, and locals have numbers for names.
import type { Evaluate, Scope } from './compile.ts'
import type { Overload } from './library/library.ts'
import { SUPPORT } from './support.ts'
import type { Value } from './values.ts'

export class Code {
  readonly #constants = new Map<unknown, number>()
  readonly #functions: string[] = []

  /** A value as the code names it: of CEL, or a function that the code calls. */
  constant(value: Value | Overload['call']): string {
    if (value === null || typeof value === 'boolean') return String(value)
    // A Map has one zero, numbers have two.
    if (Object.is(value, -0)) return '-0'
    const at = this.#constants.get(value) ?? this.#constants.size
    this.#constants.set(value, at)
    return `k${at}`
  }

  /** The call of a function with these statements, which see the run and what is in scope. */
  hoisted(scope: Scope, ...statements: readonly string[]): string {
    const name = `f${this.#functions.length}`
    const params = ['run', ...scope.map(localOf)].join(', ')
    this.#functions.push(`function ${name}(${params}) {\n${statements.map((each) => `  ${each}\n`).join('')}}\n`)
    return `${name}(${params})`
  }

  /** The whole, ready to run. */
  function(expression: string): Evaluate {
    const head = [
      `'use strict'\nconst { ${Object.keys(SUPPORT).join(', ')} } = R\n`,
      ...Array.from(this.#constants.values(), (at) => `const k${at} = K[${at}]\n`),
    ]
    const text = `${head.join('')}${this.#functions.join('')}return (run) => ${expression}\n`
    return new Function('K', 'R', text)([...this.#constants.keys()], SUPPORT) as Evaluate
  }
}

/** What the code calls a name of a macro. */
export const localOf = ({ slot }: Scope[number]) => `l${slot}`
