// From source to answers: modules are parsed and compiled once, queries against them are prepared once and asked any number of times.
import { compileModules } from './compile/compile.ts'
import type { Compiled, CompiledQuery } from './compile/compiled.ts'
import type { CompileOptions } from './compile/draft.ts'
import { compileQuery, type QueryOptions } from './compile/query.ts'
import { type Typed, typesOf } from './compile/typed.ts'
import type { SchemaDocuments } from './compile/types/schemas.ts'
import { type PreparedPolicy, preparePolicy } from './engine.ts'
import { planPolicy } from './plan/planner/plan.ts'
import type { Body, Import, Module, RegoVersion } from './syntax/ast.ts'
import { parseImports, parseModule, parseQuery } from './syntax/module.ts'

export interface PolicyOptions extends CompileOptions {
  /** Of modules that import neither `rego.v1` nor `rego.v2`. v1 unless told otherwise. */
  readonly version?: RegoVersion
  /** Modules of v0 must be ones of v1 as well. */
  readonly both?: boolean
  /** METADATA blocks are read, refused where they are wrong, and what they say of schemas is checked. */
  readonly annotations?: boolean
  /** JSON schemas by the refs by which annotations name them: `schema.pod`. The one named `schema` is of `input`. */
  readonly schemas?: SchemaDocuments
}

/** Modules that were compiled together. */
export interface Policy {
  readonly compiled: Compiled
  /** As they were parsed. */
  readonly modules: readonly Module[]
  /**
   * Makes a query ready to be asked. Throws RegoRejected for what is wrong with it, and REGO_BUILTIN, which names it, for a builtin
   * that is not there.
   */
  prepare(query: string | Body, options?: PreparationOptions): PreparedPolicy
  /** The query as it is evaluated. Throws RegoRejected. */
  compileQuery(query: string | Body, options?: PreparationOptions): CompiledQuery
}

export interface PreparationOptions extends Omit<QueryOptions, 'imports' | 'package'> {
  /** As they would stand in a module: `import data.a as b`; or those of a parsed one. */
  readonly imports?: readonly (string | Import)[]
  /** `a.b`: the package whose rules the query names without a path. */
  readonly package?: string
  /** The evaluation tells of the places it comes to (`visited`), and takes longer. */
  readonly traced?: boolean
}

/** The name by which a prepared query is asked. */
export const QUERY = 'query'

/** Parses and compiles modules by their file names. Throws RegoRejected. */
export function compilePolicy(sources: Readonly<Record<string, string>>, options: PolicyOptions = {}): Policy {
  const version = options.version ?? 'v1'
  const modules = Object.entries(sources).map(([file, text]) =>
    parseModule(file, text, { version, both: options.both ?? false, annotations: options.annotations ?? false }),
  )
  return policyOf(modules, options)
}

/** Compiles parsed modules. Throws RegoRejected. */
export function policyOf(modules: readonly Module[], options: PolicyOptions = {}): Policy {
  const { version = 'v1', schemas, dataExists: _, checkTypes: __, ...shared } = options
  let types: Typed | undefined
  const checkTypes = (all: Compiled) => {
    types = typesOf(all, schemas)
    return types.faults
  }
  const compiled = compileModules(modules, { checkTypes, ...options })
  const compileOne = (query: string | Body, { imports = [], package: path, ...rest }: PreparationOptions = {}): CompiledQuery => {
    const body = typeof query === 'string' ? parseQuery('', query, { version }) : query
    const context = imports.flatMap((each) => (typeof each === 'string' ? parseImports('imports', each, { version }) : [each]))
    const home = path === undefined ? {} : { package: parseModule('package', `package ${path}\n`).package.path }
    return compileQuery(body, compiled, {
      ...shared,
      checkTypes: (compiledBody) => types?.queryFaults(compiledBody) ?? [],
      ...rest,
      imports: context,
      ...home,
    })
  }
  return {
    compiled,
    modules,
    compileQuery: compileOne,
    prepare: (query, preparation) =>
      preparePolicy(planPolicy(compiled, [{ name: QUERY, query: compileOne(query, preparation) }], preparation?.traced)),
  }
}
