import { signatureOf } from '../builtins/signatures.ts'
import { type Diagnostic, RegoRejected } from '../errors.ts'
import type { Body, Import, Module, Ref, Term } from '../syntax/ast.ts'
import { walkBody } from '../syntax/walk.ts'
import { bounded } from './bounded.ts'
import { shadowingCheck, voidCheck } from './checks.ts'
import type { Compiled, CompiledQuery } from './compiled.ts'
import { Declarations } from './declare.ts'
import type { CompileOptions } from './draft.ts'
import { Dynamics } from './dynamics.ts'
import { Expander } from './expand.ts'
import { arityIn, deprecatedCheck, functionCheck, unsafeCheck } from './functions.ts'
import { liftInBody } from './lift.ts'
import { Locals } from './locals.ts'
import { Printing, withoutPrint } from './print.ts'
import { Report } from './report.ts'
import { exportsOf, pathKey, Resolver } from './resolve.ts'
import { RESERVED, reorder } from './safety.ts'
import { Scopes } from './scopes.ts'
import { Templates } from './templates.ts'
import { safetyFaults } from './unsafe.ts'
import { varsOfAll } from './vars.ts'
import { Modifiers } from './with.ts'

export interface QueryOptions extends Pick<CompileOptions, 'strict' | 'print' | 'builtins' | 'unsafeBuiltins' | 'errorLimit'> {
  /** The package whose rules the query calls by their names: `data.a.b`. */
  readonly package?: Ref
  readonly imports?: readonly Import[]
  /** What the type checker finds in the compiled query. */
  readonly checkTypes?: (query: CompiledQuery) => readonly Diagnostic[]
}

/**
 * Compiles a query against compiled modules, in the stages of OPA's query compiler. A query keeps its `==`, which has a value.
 * Throws RegoRejected.
 */
export function compileQuery(query: Body, compiled: Compiled, options: QueryOptions = {}): CompiledQuery {
  return bounded(() => run(query, compiled, options))
}

function run(query: Body, compiled: Compiled, options: QueryOptions): CompiledQuery {
  if (query.length === 0) throw new RegoRejected([{ code: 'rego_parse_error', message: 'cannot evaluate empty query', at: undefined }])
  const report = new Report(options.errorLimit)
  const strict = options.strict ?? false
  const builtins = options.builtins ?? signatureOf
  const unsafe = options.unsafeBuiltins ?? new Set<string>()
  const arity = arityIn(compiled.tree, builtins)
  const written = new Map<string, string>()
  const subjects = new Map<string, Term>()
  const locals = new Locals(varsOfAll(query), '__localq')
  const shared = { report, locals, builtins, written, subjects }
  const globals = { has: (name: string) => RESERVED.has(name) }
  const stage = <T>(result: T): T => {
    report.end()
    return result
  }

  if (strict) stage(walkBody(query, shadowingCheck(report)))
  let body = resolverOf(compiled.modules, options).body(query)
  const declarations = new Declarations(locals, new Scopes(written), strict)
  body = declarations.body(body, new Set())
  report.addAll(declarations.faults)
  report.addAll(declarations.unused)
  stage(body)
  body = stage(new Templates(shared, compiled.tree, arity).body(body, globals).body)
  stage(walkBody(body, voidCheck(report, builtins)))
  body = options.print ? stage(new Printing(shared, arity).body(body, globals)) : withoutPrint(body)
  body = new Expander(locals, subjects).body(body)
  body = liftInBody(body, locals)
  body = stage(new Modifiers(shared, compiled.tree, unsafe).body(body))
  stage(walkBody(body, functionCheck(shared, arity)))
  const ordered = reorder(body, globals, arity)
  stage(report.addAll(safetyFaults(ordered.unsafe, written, () => '')))
  body = new Dynamics(locals, subjects).body(ordered.body)
  const result: CompiledQuery = { body, written, subjects }
  stage(report.addAll(options.checkTypes?.(result) ?? []))
  stage(walkBody(body, unsafeCheck(report, unsafe)))
  if (strict) stage(walkBody(body, deprecatedCheck(report, builtins)))
  return result
}

/** Names of the package's rules and of the imports. */
function resolverOf(modules: readonly Module[], { package: path, imports = [] }: QueryOptions): Resolver {
  const key = path && pathKey(path)
  const exports =
    path === undefined
      ? new Map()
      : exportsOf(
          modules.filter((module) => pathKey(module.package.path) === key),
          path,
        )
  return new Resolver(exports, imports)
}
