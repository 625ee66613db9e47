// `rego.metadata.chain()` and `rego.metadata.rule()` become the annotations of the rule that calls them.

import { parseAnnotations } from '../syntax/annotations.ts'
import type { Annotations, Body, Expr, Location, Rule, Term, Var } from '../syntax/ast.ts'
import { placeAnnotations } from '../syntax/attach.ts'
import { dotted } from '../syntax/names.ts'
import { walkRule } from '../syntax/walk.ts'
import { RegoObject, type Value } from '../values/value.ts'
import { type AnnotationEntry, AnnotationSet, annotationValue } from './annotation-set.ts'
import { termOf } from './constant.ts'
import type { Compilation, DraftRule } from './draft.ts'
import { bind } from './head-refs.ts'
import { type Mapper, mapExpr, mapHead, mapList, mapTerm } from './map.ts'
import { callOf } from './terms.ts'
import { termText } from './text.ts'

const CHAIN = 'rego.metadata.chain'
const RULE = 'rego.metadata.rule'

export function rewriteMetadata(compilation: Compilation): void {
  const { modules, report } = compilation
  if (modules.some((module) => module.all.some((rule) => rule.features.metadata))) readAnnotations(compilation)
  report.check()
  const annotations = new AnnotationSet(modules)
  report.addAll(annotations.faults)
  report.check()
  for (const module of modules) {
    for (const rule of module.all) if (callsMetadata(rule)) rewriteInRule(rule, annotations, compilation)
  }
}

/** Of modules that were parsed without them. Imports are gone by now, so that what stands above one is said of what is below it. */
function readAnnotations({ modules, report }: Compilation): void {
  for (const module of modules) {
    if (module.annotations.length > 0) continue
    const { blocks, faults } = parseAnnotations(module.comments)
    report.addAll(faults)
    const placed = placeAnnotations({ package: module.package, imports: [], rules: module.rules }, blocks)
    report.addAll(placed.faults)
    module.annotations = placed.annotations
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
    const [variable, expr] = bind(term, locals)
    values.set(name, variable)
    support.push(expr)
  }
  if (chainCall !== undefined)
    add(CHAIN, { kind: 'array', items: set.chain(rule.module, rule).map((entry) => entryTerm(entry, chainCall.at)), at: chainCall.at })
  if (ruleCall !== undefined) add(RULE, annotationsTerm(set.ofRule(rule)[0], ruleCall.at))
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

/** The path without `data`. */
function entryTerm({ path, annotations }: AnnotationEntry, at: Location): Term {
  const entries: [string, Value][] = [['path', path.slice(1).map((part) => (part.kind === 'string' ? part.value : termText(part)))]]
  if (annotations !== undefined) entries.push(['annotations', annotationValue(annotations)])
  return termOf(RegoObject.of(entries), at)
}

const annotationsTerm = (of: Annotations | undefined, at: Location): Term => termOf(of ? annotationValue(of) : new RegoObject(), at)
