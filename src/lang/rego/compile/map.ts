// Rewriting of trees, one level at a time. What does not change stays the same object.
import type { Body, Call, Expr, Head, Ref, Term, With } from '../syntax/ast.ts'

export interface Mapper {
  readonly term: (term: Term) => Term
  readonly body: (body: Body) => Body
  /** Of a template string; otherwise its terms are mapped as an expression's. */
  readonly expr?: (expr: Expr) => Expr
}

/** The same list when every item stays the same. */
export function mapList<T>(list: readonly T[], map: (item: T) => T): readonly T[] {
  let copy: T[] | undefined
  for (let at = 0; at < list.length; at++) {
    const item = list[at]!
    const mapped = map(item)
    if (mapped !== item) copy ??= list.slice()
    if (copy !== undefined) copy[at] = mapped
  }
  return copy ?? list
}

/** A body of what each expression becomes, one or more; the same body when every one stays the same. */
export function spread(body: Body, each: (expr: Expr, into: Expr[]) => void): Body {
  const made: Expr[] = []
  for (const expr of body) each(expr, made)
  return sameBody(body, made)
}

/** The first of two bodies where their expressions are the same objects. */
export const sameBody = (body: Body, other: Body): Body =>
  other.length === body.length && other.every((expr, at) => expr === body[at]) ? body : other

const isTerms = (terms: readonly Term[]): terms is readonly [Term, ...Term[]] => terms.length > 0

export function withParts(ref: Ref, parts: readonly Term[]): Ref {
  if (!isTerms(parts)) throw new TypeError('a ref has a head')
  return parts === ref.parts ? ref : { ...ref, parts }
}

export const mapRef = (ref: Ref, map: (term: Term) => Term): Ref => withParts(ref, mapList(ref.parts, map))

export function mapCall(call: Call, map: (term: Term) => Term): Call {
  const operator = mapRef(call.operator, map)
  const args = mapList(call.args, map)
  return operator === call.operator && args === call.args ? call : { ...call, operator, args }
}

/** A term with its parts and bodies mapped. */
export function mapTerm(term: Term, mapper: Mapper): Term {
  switch (term.kind) {
    case 'ref':
      return mapRef(term, mapper.term)
    case 'call':
      return mapCall(term, mapper.term)
    case 'array':
    case 'set': {
      const items = mapList(term.items, mapper.term)
      return items === term.items ? term : { ...term, items }
    }
    case 'object': {
      const entries = mapEntries(term.entries, mapper.term)
      return entries === term.entries ? term : { ...term, entries }
    }
    case 'arraycomprehension':
    case 'setcomprehension': {
      const [inner, body] = [mapper.term(term.term), mapper.body(term.body)]
      return inner === term.term && body === term.body ? term : { ...term, term: inner, body }
    }
    case 'objectcomprehension': {
      const [key, value, body] = [mapper.term(term.key), mapper.term(term.value), mapper.body(term.body)]
      return key === term.key && value === term.value && body === term.body ? term : { ...term, key, value, body }
    }
    case 'templatestring': {
      const expr = mapper.expr ?? ((part: Expr) => mapExpr(part, mapper))
      const parts = mapList<Term | Expr>(term.parts, (part) => (part.kind === 'expr' ? expr(part) : part))
      return parts === term.parts ? term : { ...term, parts }
    }
    default:
      return term
  }
}

export function mapEntries(entries: readonly (readonly [Term, Term])[], map: (term: Term) => Term): readonly (readonly [Term, Term])[] {
  return mapList(entries, (entry) => {
    const [key, value] = [map(entry[0]), map(entry[1])]
    return key === entry[0] && value === entry[1] ? entry : [key, value]
  })
}

/** An expression with its terms, bodies and modifiers mapped. */
export function mapExpr(expr: Expr, mapper: Mapper): Expr {
  const terms = mapExprTerms(expr.terms, mapper)
  const withs = mapWiths(expr.with, mapper.term)
  return terms === expr.terms && withs === expr.with ? expr : { ...expr, terms, with: withs }
}

export function mapExprTerms(terms: Expr['terms'], mapper: Mapper): Expr['terms'] {
  switch (terms.kind) {
    case 'call':
      return mapCall(terms, mapper.term)
    case 'some': {
      const symbols = mapList(terms.symbols, mapper.term)
      return symbols === terms.symbols ? terms : { ...terms, symbols }
    }
    case 'every': {
      const key = terms.key === undefined ? undefined : mapper.term(terms.key)
      const [value, domain, body] = [mapper.term(terms.value), mapper.term(terms.domain), mapper.body(terms.body)]
      return key === terms.key && value === terms.value && domain === terms.domain && body === terms.body
        ? terms
        : { ...terms, key, value, domain, body }
    }
    case 'not':
    case 'and':
    case 'or':
      return mapOwnBodies(terms, mapper.body)
    default:
      return mapper.term(terms)
  }
}

type WithBodies = Extract<Expr['terms'], { readonly kind: 'every' | 'not' | 'and' | 'or' }>

/** `every`, `not`, `and`, `or` with their bodies mapped. */
export function mapOwnBodies<T extends WithBodies>(terms: T, map: (body: Body) => Body): T {
  if (terms.kind === 'every' || terms.kind === 'not') {
    const body = map(terms.body)
    return body === terms.body ? terms : { ...terms, body }
  }
  const [left, right] = [map(terms.left), map(terms.right)]
  return left === terms.left && right === terms.right ? terms : { ...terms, left, right }
}

export const mapWiths = (withs: readonly With[], map: (term: Term) => Term): readonly With[] =>
  withs.length === 0
    ? withs
    : mapList(withs, (modifier) => {
        const [target, value] = [map(modifier.target), map(modifier.value)]
        return target === modifier.target && value === modifier.value ? modifier : { ...modifier, target, value }
      })

/** A head with its arguments, key and value mapped, and not its ref. */
export function mapHead(head: Head, map: (term: Term) => Term): Head {
  const args = head.args === undefined ? undefined : mapList(head.args, map)
  const key = head.key === undefined ? undefined : map(head.key)
  const value = head.value === undefined ? undefined : map(head.value)
  return args === head.args && key === head.key && value === head.value ? head : { ...head, args, key, value }
}

/** Every variable replaced by what `names` says of it, in terms and bodies however deep. */
export const renamed = (term: Term, names: ReadonlyMap<string, string>): Term => (names.size === 0 ? term : renamer(names).term(term))

export function renamer(names: ReadonlyMap<string, string>): Mapper {
  const mapper: Mapper = { term: rename, body: (body) => mapList(body, (expr) => mapExpr(expr, mapper)) }
  function rename(at: Term): Term {
    // a bare `input` that is renamed is no document any more
    const [name, ...rest] = at.kind === 'ref' ? at.parts : [at]
    if (name.kind !== 'var' || rest.length > 0) return mapTerm(at, mapper)
    const to = names.get(name.name)
    return to === undefined || to === name.name ? at : { ...name, name: to }
  }
  return mapper
}
