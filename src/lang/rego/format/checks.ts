// What no text makes fit for v1: names that v0 let hide others, and builtins that are gone.
import { signatureOf } from '../builtins/signatures.ts'
import { checkHeadNames, checkImports, shadowingCheck } from '../compile/checks.ts'
import { deprecatedCheck } from '../compile/functions.ts'
import { Report } from '../compile/report.ts'
import type { Diagnostic } from '../errors.ts'
import type { Module } from '../syntax/ast.ts'
import { printTerm } from '../syntax/print.ts'
import { isKeywordOf } from '../syntax/terms.ts'
import { type Node, walk, walkWithElse } from '../syntax/walk.ts'

/** The faults for which a module cannot be written for v1, in OPA's order. */
export function faultsForV1({ imports, rules }: Module): readonly Diagnostic[] {
  const report = new Report(0)
  checkImports(imports, report)
  for (const rule of rules) checkHeadNames(rule, report)
  for (const rule of rules) walkWithElse(rule, shadowingCheck(report))
  const deprecated = deprecatedCheck(report, signatureOf)
  for (const rule of rules) {
    for (const part of rule.head.ref.parts) walk(part, deprecated)
    walkWithElse(rule, deprecated)
  }
  for (const { head, at } of rules) {
    const name = printTerm(head.ref)
    const named = head.ref.parts.length === 1 && isKeywordOf('v1', name)
    if (named) report.minor('rego_parse_error', at, `${name} keyword cannot be used for rule name`)
  }
  return report.faults
}

/** What v1 has and v0 has not, even with its imports. */
export function faultsForV0(module: Module): readonly Diagnostic[] {
  const found: Diagnostic[] = []
  const visit = ({ kind, at }: Node) => {
    const message = 'template strings are not supported by current capabilities'
    if (kind === 'templatestring') found.push({ code: 'rego_parse_error', message, at })
    return false
  }
  for (const rule of module.rules) walkWithElse(rule, visit)
  return found
}
