// Checks of what is written, before and after it is rewritten.

import type { Head, Import, Location } from '../syntax/ast.ts'
import { printImport } from '../syntax/print.ts'
import { type Node, walkRule } from '../syntax/walk.ts'
import type { Compilation, DraftModule } from './draft.ts'
import { type Builtins, builtinOf } from './functions.ts'
import type { Report } from './report.ts'
import { importedName } from './resolve.ts'
import { RESERVED } from './safety.ts'
import { isAssignment, rootDocument } from './terms.ts'
import { termText } from './text.ts'

const asksMore = ({ strict }: Compilation, module: DraftModule) => strict || module.version === 'v1'

export function checkUnusedImports(unused: readonly Import[], { report }: Compilation): void {
  for (const one of unused) report.minor('rego_compile_error', one.at, `${printImport(one)} unused`)
}

export function checkDuplicateImports(compilation: Compilation): void {
  for (const module of compilation.modules) {
    if (asksMore(compilation, module)) checkImports(module.imports, compilation.report)
  }
}

/** No two imports may have the same name. */
export function checkImports(imports: readonly Import[], report: Report): void {
  const first = new Map<string, Import>()
  for (const one of imports) {
    const name = importedName(one)
    const other = first.get(name)
    if (other === undefined) first.set(name, one)
    else report.minor('rego_compile_error', one.at, `import must not shadow ${printImport(other)}`)
  }
}

/** `input` and `data` must not be the name of anything else. */
export function checkOverrides(compilation: Compilation): void {
  for (const module of compilation.modules) {
    if (!asksMore(compilation, module)) continue
    for (const rule of module.rules) checkHeadNames(rule, compilation.report)
    for (const rule of module.all) if (rule.features.shadowing) walkRule(rule, shadowingCheck(compilation.report))
  }
}

export function checkHeadNames({ head, at }: { readonly head: Head; readonly at: Location }, report: Report): void {
  const [name] = head.ref.parts
  if (name.kind === 'var' && RESERVED.has(name.name)) {
    report.minor('rego_compile_error', at, `rules must not shadow ${name.name} (use a different rule name)`)
  }
  for (const arg of head.args ?? []) {
    const root = rootDocument(arg)
    if (root !== undefined) report.minor('rego_compile_error', arg.at, `args must not shadow ${root} (use a different variable name)`)
  }
}

/** A visitor that reports assignments to `input` and `data`. */
export const shadowingCheck = (report: Report) => (node: Node) => {
  if (node.kind !== 'expr' || !isAssignment(node)) return false
  const name = node.terms.args[0] === undefined ? '' : termText(node.terms.args[0])
  if (RESERVED.has(name)) {
    report.minor('rego_compile_error', node.at, `variables must not shadow ${name} (use a different variable name)`)
  }
  return false
}

/** A builtin that is called for its effect has no value. */
export function checkVoidCalls({ modules, builtins, report }: Compilation): void {
  for (const module of modules) {
    for (const rule of module.all) if (rule.features.voidCalls) walkRule(rule, voidCheck(report, builtins))
  }
}

export const voidCheck = (report: Report, builtins: Builtins) => (node: Node) => {
  if (node.kind !== 'call') return false
  const type = builtinOf(node.operator, builtins)?.type
  if (type !== undefined && type.result === undefined) report.add('rego_type_error', node.at, `${termText(node)} used as value`)
  return false
}
