// Programs in Rego that a seed decides: most are right and have an answer, some are unsafe, badly typed or in conflict.
import { Random } from './random.ts'

/** Data that the programs refer to. */
export const DATA = {
  roles: { admin: ['read', 'write', 'delete'], user: ['read'], guest: [] },
  limits: { cpu: 4, memory: 2048, ratio: 0.75 },
  names: ['ann', 'bob', 'cy', 'ann'],
  matrix: [
    [1, 2, 3],
    [4, 5, 6],
  ],
  flags: { a: true, b: false, c: null },
}

const WORDS = ['a', 'b', 'ann', 'bob', 'admin', 'user', 'x/y', '', 'A', 'é', '10']
const FIELDS = ['a', 'b', 'user', 'xs', 'o', 'n', 's', 'flag', 'missing']

/** A document that programs are asked about. */
export function randomInput(random: Random): unknown {
  const value = (depth: number): unknown => {
    const kind = random.below(depth > 0 ? 8 : 6)
    if (kind === 0) return random.of([null, true, false])
    if (kind <= 2) return random.of([0, 1, 2, 3, -1, 2.5, 10, 1e10, 100])
    if (kind <= 5) return random.of(WORDS)
    if (kind === 6) return Array.from({ length: random.below(4) }, () => value(depth - 1))
    return Object.fromEntries(Array.from({ length: random.below(4) }, () => [random.of(WORDS), value(depth - 1)]))
  }
  return {
    a: value(2),
    b: value(1),
    user: { name: random.of(WORDS), roles: Array.from({ length: random.below(3) }, () => random.of(['admin', 'user', 'guest', 'root'])) },
    xs: Array.from({ length: random.below(5) }, () => random.of([0, 1, 2, 3, 5, 'a', 'b'])),
    o: Object.fromEntries(Array.from({ length: random.below(4) }, () => [random.of(WORDS), random.below(5)])),
    n: random.of([0, 1, 2, 7, -3, 2.5]),
    s: random.of(WORDS),
    ...(random.below(2) === 0 ? { flag: random.of([true, false, null]) } : {}),
  }
}

/** With a line for each variable that is declared and not used, which OPA would refuse. The text ends with the brace of the body. */
function used(text: string, scope: Scope): string {
  const unused = scope.filter(({ name }) => (text.match(new RegExp(`\\b${name}\\b`, 'g'))?.length ?? 0) < 2)
  return `${text.slice(0, -1)}${unused.map(({ name }) => `\t${name} != "nothing"\n`).join('')}}`
}

/** A module of package `g`. */
export function randomProgram(seed: number): string {
  return new Programmer(new Random(seed)).module()
}

/** Variables, and whether their type is one that the type checker cannot know: those may stand wherever a type is wanted. */
type Scope = readonly { readonly name: string; readonly any: boolean }[]

const any = (...names: readonly string[]): Scope => names.map((name) => ({ name, any: true }))
const typed = (...names: readonly string[]): Scope => names.map((name) => ({ name, any: false }))

class Programmer {
  readonly #random: Random
  readonly #rules: { readonly name: string; readonly kind: 'value' | 'set' | 'object' | 'function' }[] = []
  #variables = 0

  constructor(random: Random) {
    this.#random = random
  }

  module(): string {
    const rules = Array.from({ length: 2 + this.#random.below(5) }, () => this.#rule())
    return `package g\n\n${rules.join('\n\n')}\n`
  }

  #pick(...choices: readonly (() => string)[]): string {
    return this.#random.of(choices)()
  }

  #fresh(): string {
    return `v${this.#variables++}`
  }

  #rule(): string {
    const name = `r${this.#rules.length}`
    const kind = this.#random.of(['value', 'value', 'set', 'object', 'function'] as const)
    const text = this.#ruleOf(name, kind)
    this.#rules.push({ name, kind })
    return text
  }

  #ruleOf(name: string, kind: 'value' | 'set' | 'object' | 'function'): string {
    const heads = 1 + this.#random.below(3)
    const one = (): string => {
      if (kind === 'function') {
        const [body, scope] = this.#body(any('p'), 1 + this.#random.below(2))
        return used(`${name}(p) := ${this.#term(scope, 2)} if {\n${body}}`, scope)
      }
      const [body, scope] = this.#body([], 1 + this.#random.below(3))
      if (kind === 'set') return used(`${name} contains ${this.#term(scope, 1)} if {\n${body}}`, scope)
      if (kind === 'object')
        return `${name}[${this.#pick(
          () => this.#string(scope),
          () => this.#variable(scope),
        )}] := ${this.#term(scope, 1)} if {\n${body}}`
      return this.#complete(name, body, scope)
    }
    const rules = Array.from({ length: heads }, one)
    if (kind === 'value' && this.#random.below(3) === 0) rules.unshift(`default ${name} := ${this.#literal()}`)
    return rules.join('\n\n')
  }

  #complete(name: string, body: string, scope: Scope): string {
    const head = this.#random.below(3) === 0 ? name : `${name} := ${this.#term(scope, 2)}`
    let text = used(`${head} if {\n${body}}`, scope)
    while (this.#random.below(4) === 0) {
      const [other, within] = this.#body([], 1)
      text += used(` else := ${this.#term(within, 1)} if {\n${other}}`, within)
    }
    return text
  }

  #body(scope: Scope, lines: number): readonly [text: string, scope: Scope] {
    let text = ''
    let within = scope
    for (let n = 0; n < lines; n++) {
      const [line, declared] = this.#line(within)
      text += `\t${line}\n`
      within = [...within, ...declared]
    }
    return [text, within]
  }

  #line(scope: Scope): readonly [text: string, declared: Scope] {
    const name = this.#fresh()
    const over = (line: (from: string) => string, ...names: readonly string[]): readonly [string, Scope] => {
      const from = this.#collection(scope)
      return [line(from), /^(?:input|data)/.test(from) ? any(...names) : typed(...names)]
    }
    switch (this.#random.below(14)) {
      case 0:
      case 1:
        return [`${name} := ${this.#term(scope, 2)}`, typed(name)]
      case 2:
      case 3:
        return over((from) => `some ${name} in ${from}`, name)
      case 4: {
        const value = this.#fresh()
        return over((from) => `some ${name}, ${value} in ${from}`, name, value)
      }
      case 5:
        return over((from) => `${name} = ${from}[_]`, name)
      case 6:
        return [`not ${this.#condition(scope).replaceAll('[_]', '[0]')}`, []]
      case 7:
        return [
          `every ${name} in ${this.#collection(scope)} { ${this.#pick(
            () => `${name} != ${this.#term(scope, 1)}`,
            () => `${name} in ${this.#collection(scope)}`,
            () => `is_string(${name})`,
          )} }`,
          [],
        ]
      case 8:
        return [`${this.#condition(scope)} with input.${this.#random.of(FIELDS)} as ${this.#literal()}`, []]
      case 9: {
        const key = this.#fresh()
        return over((from) => `${name} := ${from}[${key}]`, name, key)
      }
      case 10:
        return [`[${name}, _] = [${this.#term(scope, 1)}, ${this.#term(scope, 1)}]`, typed(name)]
      default:
        return [this.#condition(scope), []]
    }
  }

  #condition(scope: Scope): string {
    // OPA does not see a conflict in an object comprehension that is compared with what is no object.
    const term = () => {
      const text = this.#term(scope, 1)
      return /^\{[^|]*: [^|]* \| /.test(text) ? this.#literal() : text
    }
    return this.#pick(
      () => `${term()} ${this.#random.of(['==', '!=', '<', '<=', '>', '>='])} ${term()}`,
      () => `${term()} == ${term()}`,
      () => `${this.#variable(scope)} in ${this.#collection(scope)}`,
      () => `startswith(${this.#string(scope)}, ${this.#string(scope)})`,
      () => `contains(${this.#string(scope)}, ${this.#string(scope)})`,
      () => `count(${this.#collection(scope)}) > ${this.#random.below(3)}`,
      () => `is_string(${term()})`,
      () => this.#reference(scope),
      () => `regex.match(${this.#random.of(['`^a`', '`[a-z]+`', '`\\d`'])}, ${this.#string(scope)})`,
    )
  }

  #term(scope: Scope, depth: number): string {
    if (depth === 0)
      return this.#pick(
        () => this.#literal(),
        () => this.#variable(scope),
        () => this.#reference(scope),
      )
    const inner = () => this.#term(scope, depth - 1)
    return this.#pick(
      inner,
      inner,
      () => this.#reference(scope),
      () => `[${inner()}, ${inner()}]`,
      () => `{${inner()}, ${inner()}}`,
      () => `{"k": ${inner()}, ${this.#string(scope)}: ${inner()}}`,
      () => this.#number(scope, depth),
      () => this.#call(scope, inner),
      () => this.#comprehension(scope),
    )
  }

  #number(scope: Scope, depth: number): string {
    const number = () =>
      this.#pick(
        () => String(this.#random.below(12)),
        () => 'input.n',
        () => 'data.limits.cpu',
        () => this.#variable(scope),
      )
    return depth === 0 ? number() : `(${number()} ${this.#random.of(['+', '-', '*', '/', '%'])} ${number()})`
  }

  #call(scope: Scope, inner: () => string): string {
    const functions = this.#rules.filter(({ kind }) => kind === 'function')
    if (functions.length > 0 && this.#random.below(3) === 0) return `${this.#random.of(functions).name}(${inner()})`
    const collection = () => this.#collection(scope)
    const string = () => this.#string(scope)
    return this.#pick(
      () => `count(${collection()})`,
      () => `sum([${this.#number(scope, 1)}, 1])`,
      () => `max(${collection()})`,
      () => `min(${collection()})`,
      () => `sort(${collection()})`,
      () => `upper(${string()})`,
      () => `concat("-", [${string()}, ${string()}])`,
      () => `sprintf("%v|%d|%s", [${inner()}, ${this.#number(scope, 0)}, ${string()}])`,
      () => `split(${string()}, ${string()})`,
      () => `substring(${string()}, ${this.#random.below(3)}, ${this.#random.below(4) - 1})`,
      () => `array.concat([${inner()}], [${inner()}])`,
      () => `array.slice([${inner()}, ${inner()}, 3], ${this.#random.below(3)}, ${this.#random.below(4)})`,
      () => `object.get(input, ${string()}, ${inner()})`,
      () => `object.keys(input.o)`,
      () => `union({{${inner()}}, {${inner()}}})`,
      () => `json.marshal(${inner()})`,
      () => `type_name(${inner()})`,
      () => `to_number(${string()})`,
      () => `abs(${this.#number(scope, 0)})`,
      () => `round(${this.#number(scope, 1)})`,
      () => `{${inner()}} | {${inner()}}`,
      () => `{${inner()}, 1} - {1}`,
      () => `object.union(input.o, {"k": ${inner()}})`,
      () => `trim(${string()}, ${string()})`,
      () => `replace(${string()}, ${string()}, ${string()})`,
      () => `indexof(${string()}, ${string()})`,
      () => `format_int(${this.#number(scope, 0)}, 2)`,
      () => `numbers.range(${this.#random.below(4)}, ${this.#random.below(6)})`,
    )
  }

  #comprehension(scope: Scope): string {
    const [line, declared] = this.#line(scope)
    const within = [...scope, ...declared]
    const term = this.#term(within, 0)
    return this.#pick(
      () => `[${term} | ${line}]`,
      () => `{${term} | ${line}}`,
      () => `{${this.#string(within)}: ${term} | ${line}}`,
    )
  }

  #collection(scope: Scope): string {
    return this.#pick(
      () => 'input.xs',
      () => 'input.o',
      () => 'input.user.roles',
      () => 'data.names',
      () => 'data.roles.admin',
      () => 'data.matrix[_]',
      () => 'data.roles[_]',
      () => `[1, 2, ${this.#variable(scope)}]`,
      // Constants alone: OPA iterates a set literal by its terms, so that {"a", x} has two members where x is "a".
      () => '{"a", "b", 3}',
      () => `numbers.range(0, 3)`,
      () => this.#ruleRef(['set', 'object']) ?? 'input.xs',
    )
  }

  #string(scope: Scope): string {
    return this.#pick(
      () => JSON.stringify(this.#random.of(WORDS)),
      () => 'input.s',
      () => 'input.user.name',
      () => this.#untyped(scope),
    )
  }

  #reference(scope: Scope): string {
    return this.#pick(
      () => `input.${this.#random.of(FIELDS)}`,
      () => `input.${this.#random.of(FIELDS)}[${this.#untyped(scope)}]`,
      () => 'input.xs[_]',
      () => `data.flags[${this.#string(scope)}]`,
      () => 'data.limits',
      () => this.#ruleRef(['value', 'set', 'object']) ?? 'input.a',
      () => {
        const set = this.#ruleRef(['set', 'object'])
        return set === undefined ? 'input.b' : `${set}[${this.#untyped(scope)}]`
      },
    )
  }

  #ruleRef(kinds: readonly string[]): string | undefined {
    const rules = this.#rules.filter(({ kind }) => kinds.includes(kind))
    return rules.length === 0 ? undefined : this.#random.of(rules).name
  }

  #variable(scope: Scope): string {
    return scope.length === 0 ? this.#literal() : this.#random.of(scope).name
  }

  #untyped(scope: Scope): string {
    const names = scope.filter((variable) => variable.any)
    return names.length === 0 ? 'input.a' : this.#random.of(names).name
  }

  #literal(): string {
    return this.#pick(
      () => String(this.#random.of([0, 1, 2, 3, 10, -1, 2.5])),
      () => JSON.stringify(this.#random.of(WORDS)),
      () => this.#random.of(['true', 'false', 'null']),
      () => this.#random.of(['[]', '{}', 'set()', '[1, "a"]', '{"a": 1}', '{1, 2}']),
    )
  }
}
