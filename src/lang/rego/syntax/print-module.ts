// Modules and their rules as OPA words them: each rule on one line. Annotations are left out.
import type { Head, Import, Module, Package, RegoVersion, Rule } from './ast.ts'
import { printBody, printParts, printRef, printTerm } from './print.ts'

export function printModule({ package: home, imports, rules, version }: Module): string {
  const lines = [
    ...(imports.length === 0 ? [] : ['', ...imports.map(printImport)]),
    ...(rules.length === 0 ? [] : ['', ...rules.map((rule) => printRule(rule, version))]),
  ]
  return `${[printPackage(home), ...lines].join('\n')}${rules.length === 0 ? '\n' : ''}`
}

export const printPackage = ({ path }: Package) => `package ${printParts(path.parts.slice(1))}`

export const printImport = ({ path, alias }: Import) => `import ${printTerm(path)}${alias === undefined ? '' : ` as ${alias}`}`

/** In the words of v1, unless the rule is of another version. */
export function printRule(rule: Rule, version: RegoVersion = 'v1'): string {
  const head = printHead(rule.head, version)
  return rule.default ? `default ${head}` : `${head}${printBraced(rule, version)}`
}

export function printHead({ ref, args, key, value, assign }: Head, version: RegoVersion = 'v1'): string {
  const set = key !== undefined && value === undefined
  const called = args !== undefined && args.length > 0
  let text = printRef(ref)
  if (called) text += `(${args.map(printTerm).join(', ')})`
  else if (key !== undefined && ref.parts.length === 1) text += version === 'v0' ? `[${printTerm(key)}]` : ` contains ${printTerm(key)}`
  if (set && (called || ref.parts.length > 1)) text += ` contains ${printTerm(key)}`
  return value === undefined ? text : `${text} ${assign ? ':=' : '='} ${printTerm(value)}`
}

function printBraced({ body, else: other }: Rule, version: RegoVersion): string {
  const braced = `${version === 'v0' ? '' : ' if'} { ${printBody(body)} }`
  if (other === undefined) return braced
  const { value } = other.head
  return `${braced} else ${value === undefined ? '' : `= ${printTerm(value)}`}${printBraced(other, version)}`
}
