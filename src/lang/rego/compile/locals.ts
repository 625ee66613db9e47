import type { Module } from '../syntax/ast.ts'
import { VarCollector, type Vars } from './vars.ts'

/** Names for the variables that the compiler makes, which no author has used. */
export class Locals {
  readonly #taken: ReadonlySet<string>
  readonly #prefix: string
  #next = 0

  constructor(taken: ReadonlySet<string>, prefix = '__local') {
    this.#taken = taken
    this.#prefix = prefix
  }

  generate(): string {
    for (;;) {
      const name = `${this.#prefix}${this.#next++}__`
      if (this.#taken.size === 0 || !this.#taken.has(name)) return name
    }
  }
}

/** The names in modules that a generated one could be. */
export function reservedNames(modules: readonly Module[]): Vars {
  const taken: Vars = new Set()
  const collector = new VarCollector({}, (name) => {
    if (name.startsWith('__local')) taken.add(name)
  })
  for (const module of modules) {
    if (!module.text.includes('__local')) continue
    for (const first of module.rules) {
      for (let rule: typeof first | undefined = first; rule !== undefined; rule = rule.else) {
        const { ref, args, key, value } = rule.head
        for (const term of [ref, ...(args ?? []), key, value]) if (term !== undefined) collector.term(term)
        collector.body(rule.body)
      }
    }
  }
  return taken
}
