// `rego.metadata.chain()` and `rego.metadata.rule()` become the annotations of the rule that calls them.

import type { Annotations, Body, Expr, Location, Ref, Rule, Term, Var } from '../syntax/ast.ts'
import { numberText } from '../values/decimal.ts'
import { AnnotationSet, type Link } from './annotations.ts'
import { inOrder } from './canonical.ts'
import type { Compilation, DraftRule } from './draft.ts'
import { bind } from './head-refs.ts'
import { type Mapper, mapExpr, mapHead, mapList, mapTerm } from './map.ts'
import { callOf, dotted } from './terms.ts'
import { termText } from './text.ts'
import { walkRule } from './walk.ts'

const CHAIN = 'rego.metadata.chain'
const RULE = 'rego.metadata.rule'

export function rewriteMetadata(compilation: Compilation): void {
  const { modules, report } = compilation
  const annotations = new AnnotationSet(modules, report)
  report.check()
  for (const module of modules) {
    for (const rule of module.all()) if (callsMetadata(rule)) rewriteInRule(rule, annotations, compilation)
  }
}

const callsMetadata = (rule: DraftRule): boolean => rule.features.metadata || (rule.else !== undefined && callsMetadata(rule.else))

function rewriteInRule(rule: DraftRule, set: AnnotationSet, { locals }: Compilation): void {
  const chainCall = firstCall(rule, CHAIN)
  const ruleCall = firstCall(rule, RULE)
  if (chainCall === undefined && ruleCall === undefined) return
  const values = new Map<string, Var>()
  const support: Expr[] = []
  const add = (name: string, term: Term) => {
    const [variable, expr] = bind(inOrder(term), locals)
    values.set(name, variable)
    support.push(expr)
  }
  if (chainCall !== undefined)
    add(
      CHAIN,
      array(
        set.chain(rule).map((link) => linkTerm(link, chainCall.at)),
        chainCall.at,
      ),
    )
  if (ruleCall !== undefined) add(RULE, annotationsTerm(set.primary(rule), ruleCall.at))
  const mapper: Mapper = { term: (term) => mapTerm(term, mapper), body }
  function body(inner: Body): Body {
    return mapList(inner, (expr) => {
      const value = values.get(metadataCall(expr) ?? '')
      return value === undefined ? mapExpr(expr, mapper) : replaced(expr, value)
    })
  }
  rule.body = [...support, ...body(rule.body)]
  rule.head = mapHead(rule.head, mapper.term)
}

function metadataCall({ terms }: Expr): string | undefined {
  const name = terms.kind === 'call' ? dotted(terms.operator) : undefined
  return name === CHAIN || name === RULE ? name : undefined
}

/** The first such call of a rule or of its `else`. */
function firstCall(rule: Rule, name: string): Expr | undefined {
  let found: Expr | undefined
  for (let at: Rule | undefined = rule; at !== undefined && found === undefined; at = at.else) {
    walkRule(at, (node) => {
      if (found === undefined && node.kind === 'expr' && metadataCall(node) === name) found = node
      return found !== undefined
    })
  }
  return found
}

function replaced(expr: Expr, value: Var): Expr {
  const output = expr.terms.kind === 'call' ? expr.terms.args[0] : undefined
  const terms = output === undefined ? { ...value, at: expr.at } : callOf('eq', [output, { ...value, at: expr.at }], expr.at)
  return { kind: 'expr', terms, negated: false, with: [], generated: true, at: expr.at }
}

const text = (value: string, at: Location): Term => ({ kind: 'string', value, at })
const array = (items: readonly Term[], at: Location): Term => ({ kind: 'array', items, at })

/** An object without what is undefined. */
function object(entries: Readonly<Record<string, Term | undefined>>, at: Location): Term {
  const defined = Object.entries(entries).flatMap(([key, value]): [Term, Term][] => (value === undefined ? [] : [[text(key, at), value]]))
  return { kind: 'object', entries: defined, at }
}

const linkTerm = ({ path, annotations }: Link, at: Location) =>
  object({ path: partsTerm(path.slice(1), at), annotations: annotations && annotationsTerm(annotations, at) }, at)

const partsTerm = (parts: readonly Term[], at: Location) =>
  array(
    parts.map((part) => text(part.kind === 'string' ? part.value : termText(part), at)),
    at,
  )

function annotationsTerm(of: Annotations | undefined, at: Location): Term {
  if (of === undefined) return object({}, at)
  const string = (value: string | undefined) => (value ? text(value, at) : undefined)
  const list = <T>(items: readonly T[] | undefined, item: (value: T) => Term) => (items?.length ? array(items.map(item), at) : undefined)
  const record = (value: Readonly<Record<string, unknown>> | undefined) =>
    value !== undefined && Object.keys(value).length > 0 ? literal(value, at) : undefined
  const path = (ref: Ref | undefined) => ref && partsTerm(ref.parts, at)
  return object(
    {
      scope: string(of.scope),
      title: string(of.title),
      entrypoint: of.entrypoint ? { kind: 'boolean', value: true, at } : undefined,
      description: string(of.description),
      organizations: list(of.organizations, (name) => text(name, at)),
      related_resources: list(of.relatedResources, ({ ref, description }) =>
        object({ ref: string(ref), description: string(description) }, at),
      ),
      authors: list(of.authors, ({ name, email }) => object({ name: string(name), email: string(email) }, at)),
      schemas: list(of.schemas, (one) =>
        object(
          {
            path: path(one.path),
            schema: path(one.schema),
            definition: one.definition === undefined ? undefined : literal(one.definition, at),
          },
          at,
        ),
      ),
      custom: record(of.custom),
      labels: record(of.labels),
    },
    at,
  )
}

/** A value of YAML as a term. */
function literal(value: unknown, at: Location): Term {
  if (value === null || value === undefined) return { kind: 'null', at }
  if (typeof value === 'boolean') return { kind: 'boolean', value, at }
  if (typeof value === 'number') return { kind: 'number', text: numberText(value), at }
  if (typeof value === 'bigint') return { kind: 'number', text: String(value), at }
  if (typeof value !== 'object') return text(String(value), at)
  if (Array.isArray(value))
    return array(
      value.map((item) => literal(item, at)),
      at,
    )
  const entries = value instanceof Map ? [...value] : Object.entries(value)
  return { kind: 'object', entries: entries.map(([key, item]): [Term, Term] => [text(String(key), at), literal(item, at)]), at }
}
