import { signatureOf } from '../builtins/signatures.ts'
import type { Module } from '../syntax/ast.ts'
import { compareStrings } from '../values/order.ts'
import { bounded } from './bounded.ts'
import { checkDuplicateImports, checkOverrides, checkUnusedImports, checkVoidCalls } from './checks.ts'
import type { Compiled } from './compiled.ts'
import { checkConflicts } from './conflicts.ts'
import { type Compilation, type CompileOptions, DraftModule } from './draft.ts'
import { bindDynamicTerms } from './dynamics.ts'
import { rewriteEquals } from './equals.ts'
import { expandModules } from './expand.ts'
import { arityIn, checkDeprecated, checkFunctions, checkUnsafeBuiltins } from './functions.ts'
import { Graph } from './graph.ts'
import { liftHeadRefs } from './head-refs.ts'
import { liftComprehensions, liftHeads } from './lift.ts'
import { renameLocals } from './local-vars.ts'
import { Locals, reservedNames } from './locals.ts'
import { rewriteMetadata } from './metadata.ts'
import { erasePrint, rewritePrint } from './print.ts'
import { checkRecursion } from './recursion.ts'
import { Report } from './report.ts'
import { resolveModules } from './resolve.ts'
import { rewriteTemplates } from './templates.ts'
import { ruleTree } from './tree.ts'
import { checkHeads, orderBodies } from './unsafe.ts'
import { liftWithValues } from './with.ts'

const NO_BUILTINS: ReadonlySet<string> = new Set()

/**
 * Compiles modules, in the stages of OPA's compiler: what one stage finds keeps the later ones from running, as it does there.
 * Throws RegoRejected with up to ten faults, in the order of files and lines.
 */
export function compileModules(modules: readonly Module[], options: CompileOptions = {}): Compiled {
  return bounded(() => {
    const builtins = options.builtins ?? signatureOf
    const compilation: Compilation = {
      modules: modules.toSorted((a, b) => compareStrings(a.file, b.file)).map((module) => new DraftModule(module, builtins)),
      report: new Report(options.errorLimit),
      locals: new Locals(reservedNames(modules)),
      written: new Map(),
      subjects: new Map(),
      strict: options.strict ?? false,
      builtins,
    }
    return run(compilation, options)
  })
}

function run(compilation: Compilation, options: CompileOptions): Compiled {
  const { modules, report, builtins, written, subjects } = compilation
  const unsafe = options.unsafeBuiltins ?? NO_BUILTINS
  const stage = <T>(result: T): T => {
    report.check()
    return result
  }

  const unusedImports = stage(resolveModules(modules, report))
  if (compilation.strict) stage(checkUnusedImports(unusedImports, compilation))
  liftHeadRefs(compilation)
  stage(checkOverrides(compilation))
  stage(checkDuplicateImports(compilation))
  const tree = ruleTree(modules)
  const arity = arityIn(tree, builtins)
  stage(renameLocals(compilation))
  stage(rewriteTemplates(compilation, tree, arity))
  stage(checkVoidCalls(compilation))
  if (options.print) stage(rewritePrint(compilation, arity))
  else erasePrint(compilation)
  expandModules(compilation)
  stage(rewriteMetadata(compilation))
  const graph = new Graph(modules, tree)
  liftComprehensions(compilation)
  liftHeads(compilation)
  stage(liftWithValues(compilation, tree, unsafe))
  stage(checkConflicts(tree, compilation, options.dataExists))
  stage(checkFunctions(compilation, arity))
  stage(checkHeads(compilation))
  stage(orderBodies(compilation, arity))
  rewriteEquals(compilation)
  bindDynamicTerms(compilation)
  stage(checkRecursion(tree, graph, compilation))
  const compiled: Compiled = { modules, tree, graph, written, subjects, annotations: modules.flatMap((module) => module.annotations) }
  for (const fault of options.checkTypes?.(compiled) ?? []) report.take(fault)
  if (unsafe.size > 0) checkUnsafeBuiltins(compilation, unsafe)
  checkDeprecated(compilation)
  report.end()
  return compiled
}
