// Plans as a stranger may write them: statements of the IR at random, and some of it replaced by what is none.
import { BUILTINS } from '../../../src/lang/rego/builtins/table.ts'
import { preparePlan } from '../../../src/lang/rego/engine.ts'
import { type Field, STATEMENTS } from '../../../src/lang/rego/plan/ir.ts'
import { fromHost } from '../../../src/lang/rego/values/host.ts'
import type { Random } from '../../kit/random.ts'
import { DATA, randomInput } from '../../kit/rego-programs.ts'
import { LIMITS, surroundings } from './builtins.ts'
import { mustBeValue, NAMES, randomText } from './values.ts'

const LOCALS = 8

export function planCase(random: Random): string {
  const strings = Array.from({ length: 6 }, (_, at) => ({ value: at < 2 ? String(random.below(100)) : randomText(random) }))
  const builtins = Array.from({ length: 3 }, () => random.of(BUILTINS.names))
  const functions = Array.from({ length: random.below(3) }, (_, at) => random.of(['f', 'g', random.of(NAMES)]) + at)
  const plan = new Plans(random, strings.length, [...builtins, ...functions])
  const document = {
    static: { strings, builtin_funcs: builtins.map((name) => ({ name })), files: [{ value: random.of(NAMES) }] },
    plans: { plans: [{ name: 'p', blocks: plan.blocks(3) }] },
    funcs: {
      funcs: functions.map((name) => ({
        name,
        params: Array.from({ length: 2 + random.below(2) }, (_, n) => n),
        return: 3,
        blocks: plan.blocks(3),
        path: random.below(2) === 0 ? ['g', random.of(NAMES)] : undefined,
      })),
    },
  }
  const prepared = preparePlan(random.below(3) === 0 ? damaged(random, document) : document)
  const options = { input: fromHost(randomInput(random)), data: fromHost(DATA), surroundings: surroundings(), limits: LIMITS }
  for (const value of prepared.evaluate('p', options)) mustBeValue(value)
  return 'answered'
}

class Plans {
  readonly #random: Random
  readonly #strings: number
  readonly #names: readonly string[]

  constructor(random: Random, strings: number, names: readonly string[]) {
    this.#random = random
    this.#strings = strings
    this.#names = names
  }

  blocks(depth: number): object[] {
    return Array.from({ length: 1 + this.#random.below(2) }, () => this.#block(depth))
  }

  #block(depth: number): object {
    return { stmts: Array.from({ length: this.#random.below(depth > 0 ? 9 : 3) }, () => this.#statement(depth)) }
  }

  #statement(depth: number): object {
    const type = this.#random.of(Object.keys(STATEMENTS) as (keyof typeof STATEMENTS)[])
    const fields = Object.entries(STATEMENTS[type]).map(([name, kind]) => [name, this.#field(kind, depth)])
    return { type, stmt: { ...Object.fromEntries(fields), file: 0, row: 1, col: 1 } }
  }

  #field(kind: Field, depth: number): unknown {
    const random = this.#random
    const many = (make: () => unknown) => Array.from({ length: random.below(4) }, make)
    switch (kind) {
      case 'local':
        return random.below(LOCALS)
      case 'operand':
        return this.#operand()
      case 'int':
        return random.of([0, 0, 1, 2, -1, 2 ** 53 - 1])
      case 'string':
        return random.below(this.#strings)
      case 'number':
        return random.below(2)
      case 'name':
        return random.of(this.#names)
      case 'block':
        return this.#block(depth - 1)
      case 'blocks':
        return depth > 0 ? this.blocks(depth - 1) : []
      case 'locals':
        return many(() => random.below(LOCALS))
      case 'operands':
        return many(() => this.#operand())
      case 'strings':
        return many(() => random.below(this.#strings))
    }
  }

  #operand(): object {
    const random = this.#random
    return random.of([
      { type: 'local', value: random.below(LOCALS) },
      { type: 'local', value: random.below(LOCALS) },
      { type: 'string_index', value: random.below(this.#strings) },
      { type: 'bool', value: random.below(2) === 0 },
    ])
  }
}

/** A copy in which some places hold something else. */
function damaged(random: Random, value: unknown): unknown {
  if (random.below(60) === 0) return random.of([null, -1, 1.5, 1e9, 'x', [], {}, [[]], { type: '__proto__' }, '__proto__', true])
  if (Array.isArray(value)) return value.map((item) => damaged(random, item))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(() => random.below(80) > 0)
  return Object.fromEntries(entries.map(([key, item]) => [random.below(80) === 0 ? random.of(NAMES) : key, damaged(random, item)]))
}
