// The tree as a value, in the form of OPA's JSON of it (`rego.parse_module`, `opa parse`).
import { readNumber } from '../values/decimal.ts'
import { RegoObject, type Value } from '../values/value.ts'
import type { Annotations, Body, Comment, Every, Expr, Head, Import, Location, Module, Rule, SomeDecl, Term, With } from './ast.ts'
import { sortedEntries, sortedItems } from './order.ts'

type Fields = Readonly<Record<string, Value | undefined>>

/** An object of the fields that are there. */
const record = (fields: Fields): RegoObject =>
  RegoObject.of(Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])))

/** Fields that are only there if they are true. */
const flag = (value: boolean) => value || undefined
const some = <T>(items: readonly T[], value: (item: T) => Value) => (items.length > 0 ? items.map(value) : undefined)

export function moduleValue({ package: named, imports, rules, comments, annotations }: Module): Value {
  return record({
    package: record({ path: named.path.parts.map(termValue) }),
    imports: some(imports, importValue),
    annotations: some(annotations, annotationsValue),
    rules: some(rules, ruleValue),
    comments: some(comments, commentValue),
  })
}

const importValue = ({ path, alias }: Import): Value => record({ path: termValue(path), alias })

const commentValue = ({ text, at }: Comment): Value => record({ Text: Buffer.from(text).toString('base64'), Location: locationValue(at) })

const locationValue = ({ file, row, col }: Location): Value => record({ file, row, col })

export function ruleValue(rule: Rule): Value {
  return namedRule(rule, nameOf(rule))
}

/** An `else` has the name of its rule. */
function namedRule(rule: Rule, name: string | undefined): Value {
  return record({
    default: flag(rule.default),
    head: headValue(rule.head, name),
    body: bodyValue(rule.body),
    else: rule.else && namedRule(rule.else, name),
    annotations: some(rule.annotations, annotationsValue),
  })
}

/** OPA names rules of one part, and of those of two the ones that could be written before there were longer ones. */
function nameOf({ head, default: isDefault }: Rule): string | undefined {
  const [first, ...rest] = head.ref.parts
  if (first.kind !== 'var' || rest.length > 1) return undefined
  const old = !isDefault && !head.contains && (head.if ? !head.generatedValue : head.args === undefined)
  return rest.length === 0 || old ? first.name : undefined
}

function headValue({ ref, args, key, value, assign }: Head, name: string | undefined): Value {
  return record({
    name,
    ref: ref.parts.map(termValue),
    args: args && some(args, termValue),
    key: key && termValue(key),
    value: value && termValue(value),
    assign: flag(assign),
  })
}

export const bodyValue = (body: Body): Value => body.map(exprValue)

function exprValue({ terms, negated, with: modifiers, generated }: Expr, index: number): Value {
  return record({
    index,
    terms: exprTermsValue(terms),
    negated: flag(negated),
    generated: flag(generated),
    with: some(modifiers, withValue),
  })
}

const withValue = ({ target, value }: With): Value => record({ target: termValue(target), value: termValue(value) })

function exprTermsValue(terms: Expr['terms']): Value {
  switch (terms.kind) {
    case 'call':
      return [terms.operator, ...terms.args].map(termValue)
    case 'some':
      return someValue(terms)
    case 'every':
      return everyValue(terms)
    case 'not':
      return record({ type: 'not', body: bodyValue(terms.body), explicit_body: terms.explicit })
    case 'and':
    case 'or':
      return record({
        type: terms.kind,
        lhs: bodyValue(terms.left),
        rhs: bodyValue(terms.right),
        explicit_lhs: flag(terms.explicitLeft),
        explicit_rhs: flag(terms.explicitRight),
      })
    default:
      return termValue(terms)
  }
}

const someValue = ({ symbols }: SomeDecl): Value => record({ symbols: symbols.map(termValue) })

const everyValue = ({ key, value, domain, body }: Every): Value =>
  record({ key: key === undefined ? null : termValue(key), value: termValue(value), domain: termValue(domain), body: bodyValue(body) })

export const termValue = (term: Term): Value => record({ type: term.kind, value: contentOf(term) })

/** What a term says, without its kind. */
export function contentOf(term: Term): Value {
  switch (term.kind) {
    case 'null':
      // What Go makes of a struct without fields.
      return new RegoObject()
    case 'boolean':
    case 'string':
      return term.value
    case 'number':
      return readNumber(term.text) ?? 0
    case 'var':
      return term.name
    case 'ref':
      return term.parts.map(termValue)
    case 'call':
      return [term.operator, ...term.args].map(termValue)
    case 'array':
      return term.items.map(termValue)
    case 'set':
      return sortedItems(term.items).map(termValue)
    case 'object':
      return sortedEntries(term.entries).map(([key, value]) => [termValue(key), termValue(value)])
    case 'arraycomprehension':
    case 'setcomprehension':
      return record({ term: termValue(term.term), body: bodyValue(term.body) })
    case 'objectcomprehension':
      return record({ key: termValue(term.key), value: termValue(term.value), body: bodyValue(term.body) })
    default:
      return record({
        parts: term.parts.map((part) => (part.kind === 'expr' ? exprValue(part, 0) : termValue(part))),
        multi_line: term.multiLine,
      })
  }
}

export function annotationsValue({ scope, title, description, entrypoint, ...said }: Annotations): Value {
  const { organizations = [], relatedResources = [], authors = [], schemas = [], compile, custom, labels } = said
  return record({
    scope,
    title,
    description,
    entrypoint,
    organizations: some(organizations, (name) => name),
    related_resources: some(relatedResources, ({ ref, description: about }) => record({ ref, description: about })),
    authors: some(authors, ({ name = '', email }) => record({ name, email })),
    schemas: some(schemas, ({ path, schema, definition }) =>
      record({ path: path.parts.map(termValue), schema: schema?.parts.map(termValue), definition }),
    ),
    compile:
      compile &&
      record({ unknowns: compile.unknowns?.map((ref) => ref.parts.map(termValue)), mask_rule: compile.maskRule?.parts.map(termValue) }),
    custom: custom?.size === 0 ? undefined : custom,
    labels: labels?.size === 0 ? undefined : labels,
  })
}
