// What is typed at the prompt, line by line, and what is said to it: as `opa run` does.
import { writeFileSync } from 'node:fs'
import type { Surroundings } from '../../../lang/rego/codegen/runtime.ts'
import { partsText } from '../../../lang/rego/compile/text.ts'
import { RegoRejected } from '../../../lang/rego/errors.ts'
import { faultsOf, faultText } from '../../../lang/rego/faults.ts'
import { format } from '../../../lang/rego/format/format.ts'
import { type Policy, policyOf } from '../../../lang/rego/policy.ts'
import { prepareQuery } from '../../../lang/rego/query.ts'
import type { Body, Import, Module, RegoVersion, Rule, Term } from '../../../lang/rego/syntax/ast.ts'
import { parseModule, parseQuery, parseStatements, type Statement } from '../../../lang/rego/syntax/module.ts'
import { printJson } from '../../../lang/rego/values/text.ts'
import type { RegoObject, Value } from '../../../lang/rego/values/value.ts'
import { shown } from '../solutions.ts'
import { helpText } from './help.ts'
import { TypedModule } from './typed-module.ts'

export interface SessionOptions {
  /** Those that were loaded. */
  readonly modules: Readonly<Record<string, string>>
  readonly data: RegoObject
  readonly input: Value | undefined
  readonly version: RegoVersion
  readonly format: 'json' | 'pretty'
  /** Anew for each evaluation: what it prints, and the time. */
  readonly surroundings: () => Surroundings
}

const HOME = 'repl'

export class Session {
  /** The user wants to leave. */
  done = false
  readonly #options: SessionOptions
  readonly #loaded: readonly Module[]
  #typed: ReadonlyMap<string, TypedModule> = new Map()
  #current = HOME
  #policy: Policy
  #input: Value | undefined
  #format: 'json' | 'pretty'
  #strict = false
  #lines: string[] = []

  /** Throws RegoRejected for what is wrong with the modules. */
  constructor(options: SessionOptions) {
    this.#options = options
    this.#input = options.input
    this.#format = options.format
    const { version } = options
    this.#loaded = Object.entries(options.modules).map(([file, text]) => parseModule(file, text, { version, annotations: true }))
    this.#policy = this.#compiled(this.#typed)
  }

  /** A statement has begun that goes on. */
  get waiting(): boolean {
    return this.#lines.length > 0
  }

  /** Takes a line; answers what is to be shown. A statement that is not complete goes on until an empty line. */
  line(line: string): string {
    if (!this.waiting) {
      const answer = this.#command(line.trim().split(/\s+/))
      if (answer !== undefined) return answer
    }
    const goesOn = this.waiting
    this.#lines.push(line)
    if (line === '') return this.end()
    return goesOn ? '' : this.#run(false)
  }

  /** Ends a statement that goes on, whether or not it is complete. */
  end(): string {
    return this.#run(true)
  }

  #run(complete: boolean): string {
    const text = this.#lines.join('\n')
    if (text.trim() === '') {
      this.#lines = []
      return ''
    }
    let output = ''
    try {
      const statements = this.#statements(text)
      this.#lines = []
      for (const statement of statements) output += this.#statement(statement, text)
    } catch (error) {
      if (this.waiting && !complete && error instanceof RegoRejected) return ''
      this.#lines = []
      output += this.#faults(error)
    }
    return output
  }

  #statements(text: string): readonly Statement[] {
    return parseStatements('', text, { version: this.#options.version })
  }

  #statement(statement: Statement, text: string): string {
    switch (statement.kind) {
      case 'package':
        this.#current = partsText(statement.path.parts).slice('data.'.length)
        this.#take(this.#here)
        return ''
      case 'import':
        return this.#addImport(statement)
      case 'rule':
        return this.#addRule(statement, text.slice(statement.at.start, statement.at.end))
      default:
        return this.#ask(statement.body, text)
    }
  }

  get #here(): TypedModule {
    return this.#typed.get(this.#current) ?? new TypedModule(this.#current, this.#options.version)
  }

  /** Puts a module in place, if all modules can then be compiled. */
  #take(module: TypedModule): void {
    const typed = new Map(this.#typed).set(module.path, module)
    try {
      this.#policy = this.#compiled(typed)
      this.#typed = typed
    } catch (error) {
      throw new Refused(error, module)
    }
  }

  #compiled(typed: ReadonlyMap<string, TypedModule>): Policy {
    const { version } = this.#options
    return policyOf([...this.#loaded, ...[...typed.values()].map(({ module }) => module)], { version, print: true })
  }

  #addImport(statement: Import): string {
    this.#take(this.#here.withImport(statement))
    return ''
  }

  #addRule(rule: Rule, text: string): string {
    const before = this.#here
    const left = rule.head.assign ? before.without(rule.head.ref.parts) : before
    this.#take(left.withRule(rule, text))
    if (this.#format === 'json') return ''
    const how = left === before ? 'defined' : 're-defined'
    return `Rule '${partsText(rule.head.ref.parts)}' ${how} in package ${this.#current}. Type 'show' to see rules.\n`
  }

  #ask(body: Body, text: string): string {
    const [first] = body
    const last = body.at(-1)
    if (first === undefined || last === undefined) return ''
    const query = text.slice(first.at.start, last.at.end)
    const sides = body.length === 1 ? sidesOf(body) : undefined
    if (sides?.operator === 'assign' && partsText([sides.left]) === 'input') {
      this.#input = this.#valueOf(text.slice(sides.right.at.start, sides.right.at.end))
      return ''
    }
    const rule = sides === undefined || (sides.operator === 'eq' && this.#isKnown(sides.left)) ? undefined : this.#asRule(query)
    if (rule !== undefined) return this.#addRule(rule, query)
    return shown(this.#solve(query), this.#format)
  }

  /** `x := 1` and `x = 1` define a rule, unless the latter asks about one that is there. */
  #asRule(query: string): Rule | undefined {
    try {
      const { rules } = parseModule('', `package x\n${query}\n`, { version: this.#options.version })
      const [rule] = rules
      const [head] = rule?.head.ref.parts ?? []
      const root = head?.kind === 'var' && ['data', 'input'].includes(head.name) && (rule?.head.ref.parts.length ?? 0) > 1
      return root ? undefined : rule
    } catch (error) {
      if (error instanceof RegoRejected) return undefined
      throw error
    }
  }

  #isKnown(left: Term): boolean {
    const [head] = left.kind === 'ref' ? left.parts : [left]
    if (head?.kind !== 'var') return true
    const here = `data.${this.#current}`
    const modules = [...this.#loaded, ...[...this.#typed.values()].map(({ module }) => module)]
    return modules.some(
      ({ package: named, rules, imports }) =>
        partsText(named.path.parts) === here &&
        (rules.some(({ head: { ref } }) => ref.parts[0].kind === 'var' && ref.parts[0].name === head.name) ||
          imports.some(({ alias, path }) => (alias ?? lastName(path.parts)) === head.name)),
    )
  }

  #solve(query: string) {
    const prepared = prepareQuery(this.#policy, query, {
      version: this.#options.version,
      print: true,
      package: this.#current,
      imports: this.#here.imports,
    })
    const { data, surroundings } = this.#options
    return prepared.solve({ input: this.#input, data, surroundings: surroundings(), strict: this.#strict })
  }

  #valueOf(term: string): Value | undefined {
    parseQuery('', term, { version: this.#options.version })
    return this.#solve(term)[0]?.expressions[0]?.value
  }

  #command([word, ...args]: readonly string[]): string | undefined {
    switch (word) {
      case 'exit':
        this.done = true
        return ''
      case 'help':
        return helpText(args[0])
      case 'json':
      case 'pretty':
        this.#format = word
        return ''
      case 'strict-builtin-errors':
        this.#strict = !this.#strict
        return ''
      case 'show':
        return args.length > 0 ? `unknown option '${args[0]}'\n` : this.#show()
      case 'dump':
        return this.#dump(args[0])
      case 'unset':
        return this.#unset(args)
      case 'unset-package':
        return this.#unsetPackage(args)
      default:
        return undefined
    }
  }

  #show(): string {
    const typed = this.#typed.get(this.#current)
    return typed === undefined ? 'no rules defined\n' : format(typed.module, { version: this.#options.version === 'v0' ? 'v0' : 'v1' })
  }

  #dump(file: string | undefined): string {
    const text = `${printJson(this.#options.data)}\n`
    if (file === undefined) return text
    try {
      writeFileSync(file, text)
      return ''
    } catch (error) {
      return `${error instanceof Error ? error.message : String(error)}\n`
    }
  }

  #unset([name, ...more]: readonly string[]): string {
    if (name === undefined || more.length > 0) return 'bad arguments: unset REF: expects exactly one argument\n'
    try {
      const [line] = parseQuery('', name)
      const term = line?.terms
      const parts = term?.kind === 'ref' ? term.parts : term?.kind === 'var' ? [term] : undefined
      if (parts?.[0]?.kind !== 'var') return 'bad arguments: argument must identify a rule\n'
      if (parts[0].name === 'input' && parts.length === 1) this.#input = undefined
      const here = this.#here
      const left = here.without(parts)
      if (left === here) return parts[0].name === 'input' ? '' : 'warning: no matching rules in current module\n'
      this.#take(left)
      return ''
    } catch (error) {
      return this.#faults(error)
    }
  }

  #unsetPackage([path, ...more]: readonly string[]): string {
    if (path === undefined || more.length > 0) return 'bad arguments: unset-package PATH: expects exactly one argument\n'
    if (!this.#typed.has(path)) return 'warning: no matching package\n'
    const typed = new Map(this.#typed)
    typed.delete(path)
    try {
      this.#policy = this.#compiled(typed)
      this.#typed = typed
      if (this.#current === path) this.#current = HOME
      return ''
    } catch (error) {
      return this.#faults(error)
    }
  }

  #faults(error: unknown): string {
    const { cause, module } = error instanceof Refused ? error : { cause: error, module: this.#here }
    const faults = faultsOf(cause)
    if (faults === undefined) throw cause
    return faultText(faults.map((fault) => module.placed(fault)))
  }
}

/** A module that was not put in place, and why. */
class Refused extends Error {
  readonly module: TypedModule

  constructor(cause: unknown, module: TypedModule) {
    super('refused', { cause })
    this.module = module
  }
}

function sidesOf([line]: Body): { operator: string; left: Term; right: Term } | undefined {
  if (line === undefined || line.negated || line.with.length > 0 || line.terms.kind !== 'call') return undefined
  const { operator, args } = line.terms
  const name = partsText(operator.parts)
  const [left, right] = args
  if ((name !== 'assign' && name !== 'eq') || left === undefined || right === undefined || args.length > 2) return undefined
  return { operator: name, left, right }
}

function lastName(parts: readonly Term[]): string | undefined {
  const last = parts.at(-1)
  return last?.kind === 'string' ? last.value : last?.kind === 'var' ? last.name : undefined
}
