// Names of rules and imports become refs under `data` and `input`. Sets and objects are put in order on the way.
import type { Body, Expr, Import, Location, Module, Ref, Term, Var, With } from '../syntax/ast.ts'
import { isScalar } from '../syntax/ground.ts'
import { walk } from '../syntax/walk.ts'
import { inOrder, ordered } from './canonical.ts'
import { declaredIn } from './declared.ts'
import type { DraftModule, DraftRule } from './draft.ts'
import { mapList, mapOwnBodies, mapRef, mapTerm, withParts } from './map.ts'
import type { Report } from './report.ts'
import { rootDocument } from './terms.ts'
import { refText } from './text.ts'
import { type Vars, varsOfAll } from './vars.ts'

/** What a name stands for. */
interface Global {
  readonly parts: readonly Term[]
  used: boolean
}
/**
 * The head of resolved refs. OPA gives the refs of one import, and those of all rules of a module's package, one head to share, so that
 * it ends up where the last of them stands: there are reported the type errors of all of them.
 */
interface Head extends Var {
  at: Location
}
export type Exports = ReadonlyMap<string, Global>

/** Names that mean something else within. */
interface Scope {
  readonly names: Vars
  readonly outer: Scope | undefined
}

/** Answers with the imports that nothing uses. */
export function resolveModules(modules: readonly DraftModule[], report: Report): readonly Import[] {
  const exports = new Map<string, Exports>()
  for (const [key, group] of Map.groupBy(modules, packageKey)) exports.set(key, exportsOf(group, group[0]!.package.path))
  const unused: Import[] = []
  for (const module of modules) {
    const resolver = new Resolver(exports.get(packageKey(module))!, module.imports)
    for (const rule of module.all) resolver.rule(rule, report)
    unused.push(...resolver.unused())
  }
  return unused
}

const packageKey = (module: Pick<Module, 'package'>) => pathKey(module.package.path)
export const pathKey = (path: Ref) =>
  path.parts.map((part) => (part.kind === 'string' ? part.value : part.kind === 'var' ? part.name : '')).join('\0')

/** What the rules of a package's modules are called, and where they are. */
export function exportsOf(modules: readonly Pick<Module, 'rules'>[], path: Ref): Exports {
  const names = new Map<string, Global>()
  for (const module of modules) {
    for (const rule of module.rules) {
      const name = rule.head.ref.parts[0]
      if (name.kind !== 'var' || names.has(name.name)) continue
      names.set(name.name, { parts: [...path.parts, { kind: 'string', value: name.name, at: name.at }], used: false })
    }
  }
  return names
}

/** The name under which an import is known. */
export function importedName({ alias, path }: Import): string {
  if (alias !== undefined) return alias
  const last = path.parts.at(-1)!
  return last.kind === 'string' ? last.value : last.kind === 'var' ? last.name : ''
}

/** `future.…` and `rego.…` are no documents: they change how a module is read. */
function isLanguageImport({ path: { parts } }: Import): boolean {
  const head = parts[0]
  return head.kind === 'var' && (head.name === 'future' || head.name === 'rego')
}

export class Resolver {
  readonly #exports: Exports
  readonly #imports = new Map<string, Global & { readonly from: readonly Import[]; readonly head: Head | undefined }>()
  #head: Head | undefined

  constructor(exports: Exports, imports: readonly Import[]) {
    this.#exports = exports
    for (const one of imports) {
      if (isLanguageImport(one)) continue
      const name = importedName(one)
      const head = headOf(one.path.parts)
      this.#imports.set(name, { parts: one.path.parts, used: false, from: [...(this.#imports.get(name)?.from ?? []), one], head })
    }
  }

  /** Of imports with the same name all are unused if the last is. */
  *unused(): Generator<Import> {
    for (const { used, from } of this.#imports.values()) if (!used) yield* from
  }

  rule(rule: DraftRule, report: Report): void {
    const { head } = rule
    if (head.ref.parts[0].kind !== 'var') {
      report.add('rego_compile_error', rule.at, `invalid rule head: ${refText(head.ref)}`)
      return
    }
    const vars: Vars = new Set()
    for (const arg of head.args ?? []) {
      const shadowed = addArgument(arg, vars)
      if (shadowed === undefined) continue
      report.add('rego_compile_error', rule.at, `args must not shadow ${shadowed} (use a different variable name)`)
      return
    }
    const scope: Scope = { names: declaredIn(rule.body), outer: { names: vars, outer: undefined } }
    const term = (at: Term) => this.#term(at, scope)
    const ref = mapRef(head.ref, (part) => (part === head.ref.parts[0] ? part : term(part)))
    const args = head.args && mapList(head.args, inOrder)
    const key = head.key && term(head.key)
    const value = head.value && term(head.value)
    if (ref !== head.ref || args !== head.args || key !== head.key || value !== head.value) rule.head = { ...head, ref, args, key, value }
    rule.body = this.body(rule.body, scope)
  }

  /** Names of the scope stay. Without one, those the body declares. */
  body(body: Body, scope: Scope = { names: declaredIn(body), outer: undefined }): Body {
    return mapList(body, (expr) => this.#expr(expr, scope))
  }

  #expr(expr: Expr, scope: Scope): Expr {
    const terms = this.#exprTerms(expr.terms, scope)
    const withs = mapList(expr.with, (modifier) => this.#with(modifier, scope))
    return terms === expr.terms && withs === expr.with ? expr : { ...expr, terms, with: withs }
  }

  #exprTerms(terms: Expr['terms'], scope: Scope): Expr['terms'] {
    switch (terms.kind) {
      case 'some':
        // only `some … in` has what can be resolved
        return terms.symbols[0]?.kind === 'call' ? { ...terms, symbols: terms.symbols.map((symbol) => this.#term(symbol, scope)) } : terms
      case 'every': {
        const inner: Scope = { names: varsOfAll(terms.key === undefined ? [terms.value] : [terms.key, terms.value]), outer: scope }
        return { ...terms, domain: this.#term(terms.domain, inner), body: this.body(terms.body, inner) }
      }
      case 'not':
      case 'and':
      case 'or':
        return mapOwnBodies(terms, (body) => this.body(body, scope))
      default:
        return this.#term(terms, scope)
    }
  }

  #with(modifier: With, scope: Scope): With {
    const [target, value] = [this.#term(modifier.target, scope), this.#term(modifier.value, scope)]
    return target === modifier.target && value === modifier.value ? modifier : { ...modifier, target, value }
  }

  #term(term: Term, scope: Scope): Term {
    if (isScalar(term)) return term
    switch (term.kind) {
      case 'var': {
        const parts = this.#meaning(term, scope)
        return parts === undefined ? term : { kind: 'ref', parts, at: term.at }
      }
      case 'ref':
        return this.#ref(term, scope)
      case 'call': {
        const operator = this.#ref(term.operator, scope)
        const args = mapList(term.args, (arg) => this.#term(arg, scope))
        return operator === term.operator && args === term.args ? term : { ...term, operator, args }
      }
      case 'arraycomprehension':
      case 'setcomprehension':
      case 'objectcomprehension': {
        const inner: Scope = { names: declaredIn(term.body), outer: scope }
        return mapTerm(term, { term: (at) => this.#term(at, inner), body: (body) => this.body(body, inner) })
      }
      default:
        // Before as well, since names are resolved in that order.
        return ordered(
          mapTerm(ordered(term), {
            term: (at) => this.#term(at, scope),
            body: (body) => this.body(body, scope),
            expr: (expr) => this.#expr(expr, scope),
          }),
        )
    }
  }

  #ref(ref: Ref, scope: Scope): Ref {
    const [head] = ref.parts
    const meaning = head.kind === 'var' ? this.#meaning(head, scope) : undefined
    const parts = mapList(ref.parts, (part) => (part === head && head.kind === 'var' ? part : this.#term(part, scope)))
    return withParts(ref, meaning === undefined ? parts : [...meaning, ...parts.slice(1)])
  }

  #meaning({ name, at: place }: Var, scope: Scope): readonly [Term, ...Term[]] | undefined {
    const imported = this.#imports.get(name)
    const global = imported ?? this.#exports.get(name)
    if (global === undefined) return undefined
    for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) if (at.names.has(name)) return undefined
    global.used = true
    if (imported === undefined) this.#head ??= headOf(global.parts)
    const head = imported === undefined ? this.#head : imported.head
    if (head !== undefined) head.at = place
    const [first, ...rest] = global.parts
    return [head ?? { ...first!, at: place }, ...rest.map((part) => ({ ...part, at: place }))]
  }
}

function headOf([head]: readonly Term[]): Head | undefined {
  return head?.kind === 'var' ? { ...head } : undefined
}

/** The variables of an argument's pattern; answers with the root document that it would hide. */
function addArgument(arg: Term, vars: Vars): string | undefined {
  let shadowed: string | undefined
  const visit = (term: Term): void =>
    walk(term, (node) => {
      if (shadowed !== undefined || node.kind === 'expr' || node.kind === 'with') return shadowed !== undefined
      shadowed = rootDocument(node)
      switch (node.kind) {
        case 'var':
          vars.add(node.name)
          return true
        case 'object':
          for (const [key, value] of node.entries) {
            // OPA's walk goes on into keys after its values
            visit(value)
            visit(key)
          }
          return true
        case 'set':
        case 'call':
        case 'arraycomprehension':
        case 'setcomprehension':
        case 'objectcomprehension':
          return true
        default:
          return shadowed !== undefined
      }
    })
  visit(arg)
  return shadowed
}
