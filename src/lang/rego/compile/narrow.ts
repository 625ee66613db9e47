// What variables of a ref can only be, so that `some x in ["a", "b"]; data[x].p` does not depend on all of `data`.
import type { Body, Expr, Ref, Term } from '../syntax/ast.ts'
import { isConstant } from '../syntax/ground.ts'
import { equalTerms } from '../syntax/order.ts'
import { sidesOf } from './declared.ts'
import { isEquality } from './terms.ts'

/** More refs than these, and none is told from another. */
const MAX_REFS = 64

export type Known = ReadonlyMap<string, readonly Term[]>

interface Binding {
  readonly at: number
  readonly name: string
  readonly values: readonly Term[]
}

/** The constants over which a body's variables range, by the lines that bind them. */
export class Bindings {
  readonly #bindings: Binding[] = []

  constructor(body: Body) {
    const known = new Map<string, readonly Term[]>()
    for (const [at, expr] of body.entries()) {
      const bound = bindingOf(expr, known)
      if (bound === undefined || known.has(bound.name)) continue
      known.set(bound.name, bound.values)
      this.#bindings.push({ at, ...bound })
    }
  }

  /** What is known before a line. */
  before(line: number): Known {
    const known = new Map<string, readonly Term[]>()
    for (const { at, name, values } of this.#bindings) if (at < line) known.set(name, values)
    return known
  }
}

function bindingOf(expr: Expr, known: Known): { readonly name: string; readonly values: readonly Term[] } | undefined {
  if (!isEquality(expr) || expr.negated || expr.with.length > 0) return undefined
  const sides = sidesOf(expr)
  if (sides === undefined) return undefined
  for (const [side, other] of [sides, sides.toReversed()]) {
    const values = side!.kind === 'var' ? valuesOf(other!, known) : undefined
    if (side!.kind === 'var' && values !== undefined) return { name: side!.name, values }
  }
  return undefined
}

/** The constants that a term can be; undefined where that is not known. */
function valuesOf(term: Term, known: Known): readonly Term[] | undefined {
  if (term.kind === 'var') return known.get(term.name)
  if (term.kind === 'ref') return refValues(term, known)
  return isConstant(term) ? [term] : undefined
}

function refValues(ref: Ref, known: Known): readonly Term[] | undefined {
  let values = valuesOf(ref.parts[0], known)
  for (const part of ref.parts.slice(1)) {
    if (values === undefined) return undefined
    const next: Term[] = []
    for (const value of values) {
      if (isConstant(part)) {
        const member = memberOf(value, part)
        if (member !== undefined) next.push(member)
      } else {
        const members = membersOf(value)
        if (members === undefined) return undefined
        next.push(...members)
      }
    }
    if (next.length > MAX_REFS) return undefined
    values = next
  }
  return values
}

function memberOf(value: Term, key: Term): Term | undefined {
  switch (value.kind) {
    case 'array':
      return key.kind === 'number' ? value.items[Number(key.text)] : undefined
    case 'set':
      return value.items.find((item) => equalTerms(item, key))
    case 'object':
      return value.entries.find(([name]) => equalTerms(name, key))?.[1]
    default:
      return undefined
  }
}

export function membersOf(value: Term): readonly Term[] | undefined {
  if (value.kind === 'array' || value.kind === 'set') return value.items
  return value.kind === 'object' ? value.entries.map(([, member]) => member) : undefined
}

/** The refs that a ref can be; itself where nothing is known. */
export function expandRef(ref: Ref, known: Known): readonly Ref[] {
  let refs: readonly Ref[] = [ref]
  for (const [at, part] of ref.parts.entries()) {
    if (at === 0 || isConstant(part)) continue
    const values = valuesOf(part, known)
    // without values the body is never satisfied, which is not for this to decide
    if (values === undefined || values.length === 0 || refs.length * values.length > MAX_REFS) continue
    refs = refs.flatMap((one) => values.map((value): Ref => ({ ...one, parts: [one.parts[0], ...one.parts.slice(1).with(at - 1, value)] })))
  }
  return refs
}
