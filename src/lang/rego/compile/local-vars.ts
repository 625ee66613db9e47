// The declared variables of a rule, from its arguments to its `else`.
import type { Head, Rule, Term } from '../syntax/ast.ts'
import { isScalar } from '../syntax/ground.ts'
import { walkRule } from '../syntax/walk.ts'
import { compareStrings } from '../values/order.ts'
import { Declarations } from './declare.ts'
import { declaredIn } from './declared.ts'
import type { Compilation, DraftRule } from './draft.ts'
import { mapEntries, mapHead, mapTerm, renamed, withParts } from './map.ts'
import { Frame, Scopes } from './scopes.ts'
import { isWildcard } from './terms.ts'
import { SAFETY, VarCollector, type Vars, varsOf, varsOfAll } from './vars.ts'

export function renameLocals(compilation: Compilation): void {
  for (const module of compilation.modules) for (const rule of module.rules) renameInRule(rule, compilation)
}

function renameInRule(first: DraftRule, compilation: Compilation): void {
  const { report, strict } = compilation
  const unusedArgs: Vars = strict ? varsOfAll(first.head.args ?? []) : new Set()
  const frame = new Frame()
  first.head = withArgs(first.head, new Scopes(compilation.written, frame), compilation)
  for (let rule: DraftRule | undefined = first; rule !== undefined; rule = rule.else) {
    const scopes = new Scopes(compilation.written, rule.else === undefined ? frame : frame.copy())
    const declarations = renameInBody(rule, scopes, unusedArgs, compilation)
    report.addAll(declarations.faults)
    for (const { code, at, message } of declarations.unused) report.minor(code, at, message)
    for (const arg of unusedArgs) if (scopes.count(arg) > 1) unusedArgs.delete(arg)
  }
  for (const arg of unusedArgs) {
    if (isWildcard(arg)) continue
    report.minor('rego_compile_error', first.head.at, `unused argument ${arg}. (hint: use _ (wildcard variable) instead)`)
  }
}

/** Each variable of the arguments gets a name; where it stands twice, the same one. */
function withArgs(head: Head, scopes: Scopes, { locals, report }: Compilation): Head {
  const rename = (term: Term): Term => {
    switch (term.kind) {
      case 'var': {
        const known = scopes.declared(term.name)
        if (known !== undefined) {
          scopes.seen(term.name)
          return { ...term, name: known }
        }
        const name = locals.generate()
        scopes.insert(term.name, name, 'arg')
        return { ...term, name }
      }
      case 'array':
      case 'ref':
        return mapTerm(term, { term: rename, body: (body) => body })
      case 'object':
        return { ...term, entries: term.entries.map(([key, value]) => [key, rename(value)]) }
      case 'call':
        report.add('rego_compile_error', term.at, 'rule arguments cannot contain calls')
        return term
      default:
        return term
    }
  }
  return head.args === undefined ? head : { ...head, args: head.args.map(rename) }
}

function renameInBody(rule: DraftRule, scopes: Scopes, unusedArgs: Vars, compilation: Compilation): Declarations {
  const { locals, strict } = compilation
  let used: Vars = new Set()
  const dynamic = !isConstantHead(rule.head)
  if (dynamic) {
    rule.head = renameInHead(rule.head, compilation)
    used = varsOfAll([...rule.head.ref.parts.slice(1), ...(rule.head.key === undefined ? [] : [rule.head.key])])
    for (const name of rule.head.value === undefined ? [] : varsOf(rule.head.value)) {
      used.add(name)
      unusedArgs.delete(name)
    }
  }
  if (rule.features.builtinNames) hideBuiltins(rule, scopes, compilation)
  const declarations = new Declarations(locals, scopes, strict)
  rule.body = declarations.body(rule.body, used)
  if (dynamic) rule.head = withNames(rule.head, scopes.top.renames())
  return declarations
}

/** Has nothing in it that a body could bind. */
export const isConstantHead = ({ ref, args, key, value }: Head): boolean =>
  ref.parts.every((part, at) => at === 0 || isScalar(part)) &&
  (args === undefined || args.every(isScalar)) &&
  (key === undefined || isScalar(key)) &&
  (value === undefined || isScalar(value))

/** What is declared within the head's comprehensions stays within them. */
function renameInHead(head: Head, { locals, written, strict, report }: Compilation): Head {
  const rename = (term: Term): Term => {
    switch (term.kind) {
      case 'arraycomprehension':
      case 'setcomprehension':
      case 'objectcomprehension':
      case 'templatestring': {
        const declarations = new Declarations(locals, new Scopes(written), strict)
        const inner = declarations.term(term)
        report.addAll(declarations.faults)
        for (const { code, at, message } of declarations.unused) report.minor(code, at, message)
        return inner
      }
      case 'object': {
        const entries = mapEntries(term.entries, rename)
        return entries === term.entries ? term : { ...term, entries }
      }
      default:
        return mapTerm(term, { term: rename, body: (body) => body })
    }
  }
  return mapHead(head, rename)
}

function withNames(head: Head, names: ReadonlyMap<string, string>): Head {
  const rename = (term: Term) => renamed(term, names)
  const [name, ...rest] = head.ref.parts
  const renamedHead = mapHead(head, rename)
  return rest.every((part) => isScalar(part)) ? renamedHead : { ...renamedHead, ref: withParts(head.ref, [name, ...rest.map(rename)]) }
}

/** A variable that has the name of a builtin gets another one, or later stages would take it for the builtin. */
function hideBuiltins(rule: DraftRule, scopes: Scopes, { builtins, locals }: Compilation): void {
  const names: Vars = new Set()
  new VarCollector(SAFETY, (name) => builtins(name) !== undefined && scopes.declared(name) === undefined && names.add(name)).body(rule.body)
  if (names.size === 0) return
  const declared = declaredIn(rule.body)
  const replaced = replacedNames(rule)
  for (const name of [...names].sort(compareStrings)) {
    if (!declared.has(name) && !replaced.has(name)) scopes.insert(name, locals.generate(), 'seen')
  }
}

/** The variables in the targets and values of `with`, which may be functions. */
function replacedNames(rule: Rule): Vars {
  const names: Vars = new Set()
  for (let at: Rule | undefined = rule; at !== undefined; at = at.else) {
    walkRule(at, (node) => {
      if (node.kind === 'with') for (const name of varsOfAll([node.target, node.value], { callHeads: false })) names.add(name)
      return false
    })
  }
  return names
}
