// `$"…{x}…"` becomes a call of internal.template_string with a set for each part that may be undefined.
import type { Body, Expr, Ref, SetTerm, TemplateString, Term } from '../syntax/ast.ts'
import { isGround } from '../syntax/ground.ts'
import { isTerm } from '../syntax/order.ts'
import { nodeAt, type RuleNode } from './compiled.ts'
import type { Compilation } from './draft.ts'
import { mapExprTerms, mapHead, mapList, mapTerm, mapWiths } from './map.ts'
import { type Arity, outputsOfBody } from './outputs.ts'
import { RESERVED } from './safety.ts'
import { callOf, equality, isEmptyBody, variable } from './terms.ts'
import { partsText } from './text.ts'
import type { Bound } from './unify.ts'
import { SAFETY, varsOf, varsOfAll } from './vars.ts'

export function rewriteTemplates(compilation: Compilation, tree: RuleNode, arity: Arity): void {
  const templates = new Templates(compilation, tree, arity)
  for (const module of compilation.modules) {
    for (const rule of module.all) {
      if (!rule.features.templates) continue
      const args = varsOfAll(rule.head.args ?? [], { templates: false })
      const { body, safe } = templates.body(rule.body, { has: (name) => args.has(name) || RESERVED.has(name) })
      rule.body = body
      const term = (at: Term) => templates.term(at, safe)
      rule.head = mapHead(rule.head, term)
    }
  }
}

type Shared = Pick<Compilation, 'report' | 'locals' | 'builtins' | 'written'>

export class Templates {
  readonly #shared: Shared
  readonly #tree: RuleNode
  readonly #arity: Arity

  constructor(shared: Shared, tree: RuleNode, arity: Arity) {
    this.#shared = shared
    this.#tree = tree
    this.#arity = arity
  }

  /** The body, and what is bound once it has been evaluated. */
  body(body: Body, globals: Bound): { readonly body: Body; readonly safe: Bound } {
    const outputs = outputsOfBody(body, this.#arity, globals)
    const safe: Bound = { has: (name) => outputs.has(name) || globals.has(name) }
    return { body: this.#within(body, safe), safe }
  }

  #within(body: Body, safe: Bound): Body {
    return mapList(body, (expr) => this.#expr(expr, safe))
  }

  #expr(expr: Expr, safe: Bound): Expr {
    const term = (at: Term) => this.term(at, safe)
    const names = expr.terms.kind === 'every' ? varsOfAll([expr.terms.key ?? expr.terms.value, expr.terms.value]) : undefined
    const inner = (body: Body) =>
      names === undefined ? this.#within(body, safe) : this.body(body, { has: (name) => names.has(name) || safe.has(name) }).body
    const terms = mapExprTerms(expr.terms, { term, body: inner })
    const withs = mapWiths(expr.with, term)
    return terms === expr.terms && withs === expr.with ? expr : { ...expr, terms, with: withs }
  }

  term(term: Term, safe: Bound): Term {
    switch (term.kind) {
      case 'templatestring':
        return this.term(this.#call(term, safe), safe)
      case 'arraycomprehension':
      case 'setcomprehension':
      case 'objectcomprehension': {
        const inner = this.body(term.body, safe)
        // only what is a template itself sees the variables of the body
        const made = (at: Term) => this.term(at, at.kind === 'templatestring' ? inner.safe : safe)
        return mapTerm(term, { term: made, body: () => inner.body })
      }
      default:
        return mapTerm(term, { term: (at) => this.term(at, safe), body: (body) => this.#within(body, safe) })
    }
  }

  #call(template: TemplateString, safe: Bound): Term {
    const parts = template.parts.map((part) => (part.kind === 'expr' ? this.#part(part, safe) : part))
    const items: readonly Term[] = parts.length === 0 ? [{ kind: 'string', value: '', at: template.at }] : parts
    return callOf('internal.template_string', [{ kind: 'array', items, at: template.at }], template.at)
  }

  #part(expr: Expr, safe: Bound): Term {
    const { terms, at } = expr
    const { report, builtins, locals, written } = this.#shared
    if (terms.kind === 'call') {
      const name = partsText(terms.operator.parts)
      if (builtins(name)?.relation) {
        report.add('rego_compile_error', at, `illegal call to relation built-in '${name}' that may cause multiple outputs`)
      }
    }
    if (!isTerm(terms)) {
      report.add('rego_compile_error', at, `unexpected template-string expression type: ${terms.kind}`)
      return { kind: 'null', at }
    }
    if (terms.kind === 'var' || (terms.kind === 'ref' && this.#isDefined(terms))) return setOf(terms)
    for (const name of [...varsOf(terms, SAFETY)].sort()) {
      if (!safe.has(name)) report.add('rego_compile_error', terms.at, `var ${written.get(name) ?? name} is undeclared`)
    }
    const value = variable(locals.generate(), at)
    return { kind: 'setcomprehension', term: value, body: [{ ...equality(value, terms, expr.with), generated: false }], at }
  }

  /** Whether a rule always has a value: it has a default, is a set, or is a constant without conditions. */
  #isDefined(ref: Ref): boolean {
    const [head] = ref.parts
    if (ref.parts.length < 2 || head.kind !== 'var' || head.name !== 'data') return false
    const rules = nodeAt(this.#tree, ref.parts)?.rules ?? []
    const [first] = rules
    if (first === undefined || (first.head.args?.length ?? 0) > 0) return false
    if (first.default || first.head.value === undefined) return true
    if (rules.length > 1) return rules.some((rule) => rule.default)
    const { value } = first.head
    const plain = value.kind !== 'ref' && value.kind !== 'call' && value.kind !== 'templatestring' && !value.kind.endsWith('comprehension')
    return isEmptyBody(first.body) && plain && (value.kind === 'var' || isGround(value))
  }
}

const setOf = (term: Term): SetTerm => ({ kind: 'set', items: [term], at: term.at })
