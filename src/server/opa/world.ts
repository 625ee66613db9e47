// What is asked: policies and base data, both of which may be replaced between two requests. An answer belongs to one state of both.
import type { Limits, Surroundings } from '../../lang/rego/codegen/runtime.ts'
import { dataConflicts } from '../../lang/rego/compile/conflicts.ts'
import { RegoRejected } from '../../lang/rego/errors.ts'
import { faultsOf } from '../../lang/rego/faults.ts'
import { type Policy, policyOf } from '../../lang/rego/policy.ts'
import { type PreparedQuery, prepareQuery, type Solution } from '../../lang/rego/query.ts'
import type { Module, RegoVersion } from '../../lang/rego/syntax/ast.ts'
import { parseModule } from '../../lang/rego/syntax/module.ts'
import { RegoObject, type Value } from '../../lang/rego/values/value.ts'
import { isTaken, type Path } from './documents.ts'
import { type Owner, Owners } from './owners.ts'
import { invalid, inWords, Refusal } from './refusal.ts'

export interface WorldOptions {
  readonly version: RegoVersion
  /** Fresh for each evaluation. */
  readonly surroundings: () => Surroundings
  readonly limits?: Partial<Limits>
}

export interface Source {
  readonly text: string
  /** How it is read where it does not say so itself. */
  readonly version: RegoVersion
}

/** What an answer is made of. */
export interface Question {
  readonly input?: Value | undefined
  readonly strict?: boolean
}

/** Prepared queries that are kept, as many as OPA keeps. */
const MAX_PREPARED = 100
const ERROR_LIMIT = 10
const COMPILING = 'error(s) occurred while compiling module(s)'

export class World {
  data = new RegoObject()
  owners = new Owners([])
  readonly #options: WorldOptions
  #sources: ReadonlyMap<string, Source> = new Map()
  #policy: Policy
  readonly #prepared = new Map<string, PreparedQuery>()

  constructor(options: WorldOptions) {
    this.#options = options
    this.#policy = this.#compiled([])
  }

  get policy(): Policy {
    return this.#policy
  }

  get version(): RegoVersion {
    return this.#options.version
  }

  /** By id. */
  get sources(): ReadonlyMap<string, Source> {
    return this.#sources
  }

  /** Everything at once. Throws RegoRejected. */
  load(sources: ReadonlyMap<string, Source>, data: RegoObject, owners: readonly Owner[]): void {
    const modules = [...sources].map(([id, { text, version }]) => parseModule(id, text, { version, annotations: true }))
    this.#policy = this.#compiled(modules, data)
    this.#sources = sources
    this.#prepared.clear()
    this.data = data
    this.owners = new Owners(owners)
  }

  /** Throws a Refusal; then nothing has changed. */
  put(id: string, text: string): void {
    const before = this.#module(id)
    if (before !== undefined) this.owners.check(packagePath(before))
    if (this.#sources.get(id)?.text === text) return
    const module = this.#parsed(id, text)
    this.owners.check(packagePath(module))
    const others = this.#policy.modules.filter(({ file }) => file !== id)
    this.#replace([...others, module], new Map([...this.#sources, [id, { text, version: this.version }]]), 'invalid_parameter')
  }

  /** Throws a Refusal; then nothing has changed. */
  remove(id: string): void {
    const module = this.#module(id)
    if (module === undefined) throw unknownPolicy(id)
    this.owners.check(packagePath(module))
    const others = this.#policy.modules.filter(({ file }) => file !== id)
    this.#replace(others, new Map([...this.#sources].filter(([name]) => name !== id)), 'invalid_operation')
  }

  /** Puts changed base data in place. Throws a Refusal where a rule stands in its way. */
  store(data: RegoObject, checked = true): void {
    const conflicts = checked ? [...dataConflicts(this.#policy.compiled.tree, (path) => isTaken(data, path))] : []
    const [first, ...rest] = conflicts
    if (first !== undefined) throw invalid(inWords(faultsOf(new RegoRejected([first, ...rest]))!))
    this.data = data
  }

  /** A query, from the cache if it is there. Throws RegoRejected, and ThymusError REGO_BUILTIN. */
  prepare(query: string): { readonly prepared: PreparedQuery; readonly cached: boolean } {
    const known = this.#prepared.get(query)
    if (known !== undefined) return { prepared: known, cached: true }
    const prepared = prepareQuery(this.#policy, query, { version: 'v1' })
    if (this.#prepared.size >= MAX_PREPARED) this.#prepared.delete(this.#prepared.keys().next().value!)
    this.#prepared.set(query, prepared)
    return { prepared, cached: false }
  }

  /** Throws RegoError. */
  solve(prepared: PreparedQuery, { input, strict = false }: Question): readonly Solution[] {
    const { surroundings, limits = {} } = this.#options
    return prepared.solve({ input, data: this.data, surroundings: surroundings(), limits, strict })
  }

  /** The document at a path; undefined where it is undefined. Throws RegoRejected, RegoError, and ThymusError REGO_BUILTIN. */
  ask(query: string, question: Question): Value | undefined {
    return this.solve(this.prepare(query).prepared, question)[0]?.expressions[0]?.value
  }

  /** Fresh, for what reads or writes beside an evaluation. */
  surroundings(): Surroundings {
    return this.#options.surroundings()
  }

  #module(id: string): Module | undefined {
    return this.#policy.modules.find(({ file }) => file === id)
  }

  #parsed(id: string, text: string): Module {
    try {
      return parseModule(id, text, { version: this.version, annotations: true })
    } catch (error) {
      const faults = faultsOf(error)
      if (faults === undefined) throw error
      throw faults[0]?.message === 'empty module' ? invalid(`${id}:0: rego_parse_error: empty module`) : invalid(COMPILING, faults)
    }
  }

  #replace(modules: readonly Module[], sources: ReadonlyMap<string, Source>, code: 'invalid_parameter' | 'invalid_operation'): void {
    try {
      this.#policy = this.#compiled(modules, code === 'invalid_parameter' ? this.data : undefined)
    } catch (error) {
      const faults = faultsOf(error)
      if (faults === undefined) throw error
      throw new Refusal(400, code, COMPILING, faults)
    }
    this.#sources = sources
    this.#prepared.clear()
  }

  #compiled(modules: readonly Module[], data?: RegoObject): Policy {
    const dataExists = data && ((path: Path) => isTaken(data, path))
    return policyOf(modules, { version: this.version, print: true, errorLimit: ERROR_LIMIT, ...(dataExists ? { dataExists } : {}) })
  }
}

export const unknownPolicy = (id: string) =>
  new Refusal(404, 'resource_not_found', `storage_not_found_error: policy id ${JSON.stringify(id)}`)

const packagePath = ({ package: { path } }: Module): Path =>
  path.parts.slice(1).map((part) => (part.kind === 'string' ? part.value : part.kind === 'number' ? part.text : ''))
