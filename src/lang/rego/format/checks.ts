// What no text makes fit for v1: names that v0 let hide others, and builtins that are gone.
import { signatureOf } from '../builtins/signatures.ts'
import type { Diagnostic, RejectionCode } from '../errors.ts'
import type { Expr, Import, Location, Module, Term } from '../syntax/ast.ts'
import { printTerm } from '../syntax/print.ts'
import { printImport } from '../syntax/print-module.ts'
import { isKeywordOf } from '../syntax/terms.ts'
import { type Node, walk, walkWithElse } from '../syntax/walk.ts'

/** The faults for which a module cannot be written for v1, in OPA's order. */
export function faultsForV1(module: Module): readonly Diagnostic[] {
  return [...repeatedImports(module), ...hiddenRoots(module), ...deprecatedCalls(module), ...keywordNames(module)]
}

/** What v1 has and v0 has not, even with its imports. */
export function faultsForV0(module: Module): readonly Diagnostic[] {
  const found: Diagnostic[] = []
  const visit = ({ kind, at }: Node) => {
    const message = 'template strings are not supported by current capabilities'
    if (kind === 'templatestring') found.push(fault('rego_parse_error', message, at))
    return false
  }
  for (const rule of module.rules) walkWithElse(rule, visit)
  return found
}

const fault = (code: RejectionCode, message: string, at: Location): Diagnostic => ({ code, message, at })

function repeatedImports({ imports }: Module): readonly Diagnostic[] {
  const first = new Map<string, Import>()
  return imports.flatMap((each) => {
    const name = nameOf(each)
    const other = first.get(name)
    if (other === undefined) first.set(name, each)
    return other === undefined ? [] : [fault('rego_compile_error', `import must not shadow ${printImport(other)}`, each.at)]
  })
}

function nameOf({ path, alias }: Import): string {
  const last = path.parts.at(-1)!
  return alias ?? (last.kind === 'string' ? last.value : printTerm(last))
}

/** Rules, arguments and variables named `input` or `data`. */
function hiddenRoots({ rules }: Module): readonly Diagnostic[] {
  const found: Diagnostic[] = []
  const refuse = (what: string, name: string, at: Location, instead = 'variable') =>
    found.push(fault('rego_compile_error', `${what} must not shadow ${name} (use a different ${instead} name)`, at))
  for (const { head, at } of rules) {
    const [name] = head.ref.parts
    if (name.kind === 'var' && isRoot(name.name)) refuse('rules', name.name, at, 'rule')
    for (const arg of head.args ?? []) if (arg.kind === 'ref' && isRoot(printTerm(arg))) refuse('args', printTerm(arg), arg.at)
  }
  for (const rule of rules) {
    walkWithElse(rule, (node) => {
      const name = node.kind === 'expr' ? assigned(node) : undefined
      if (name !== undefined && isRoot(printTerm(name))) refuse('variables', printTerm(name), node.at)
      return false
    })
  }
  return found
}

const isRoot = (name: string) => name === 'input' || name === 'data'

function assigned({ terms }: Expr): Term | undefined {
  return terms.kind === 'call' && printTerm(terms.operator) === 'assign' ? terms.args[0] : undefined
}

function deprecatedCalls({ rules }: Module): readonly Diagnostic[] {
  const found: Diagnostic[] = []
  const visit = (node: Node) => {
    const call = node.kind === 'expr' ? node.terms : node
    if (call.kind === 'call') {
      const name = printTerm(call.operator)
      const message = `deprecated built-in function calls in expression: ${name}`
      if (signatureOf(name)?.deprecated) found.push(fault('rego_type_error', message, node.kind === 'expr' ? node.at : call.operator.at))
    }
    return false
  }
  for (const rule of rules) {
    for (const part of rule.head.ref.parts) walk(part, visit)
    walkWithElse(rule, visit)
  }
  return found
}

function keywordNames({ rules }: Module): readonly Diagnostic[] {
  return rules.flatMap(({ head: { ref }, at }) => {
    const name = printTerm(ref)
    const named = ref.parts.length === 1 && isKeywordOf('v1', name)
    return named ? [fault('rego_parse_error', `${name} keyword cannot be used for rule name`, at)] : []
  })
}
