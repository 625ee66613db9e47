// Which variables are bound when `a = b` is evaluated.
import type { Call, ObjectTerm, Ref, Term } from '../syntax/ast.ts'
import { equalTerms } from '../syntax/order.ts'
import { PATTERN, SAFETY, type Vars, varsOf } from './vars.ts'

/** Variables that are known to be bound. */
export interface Bound {
  has(name: string): boolean
}

export function isRefSafe({ parts: [head] }: Ref, safe: Bound): boolean {
  return head.kind === 'var' ? safe.has(head.name) : areSafe(head, safe)
}

function areSafe(term: Term, safe: Bound): boolean {
  for (const name of varsOf(term, SAFETY)) if (!safe.has(name)) return false
  return true
}

export function unify(safe: Bound, a: Term, b: Term): Vars {
  const unifier = new Unifier(safe)
  unifier.unify(a, b)
  return unifier.unified
}

const isPattern = (term: Term) => term.kind === 'array' || term.kind === 'object'

class Unifier {
  readonly unified: Vars = new Set()
  readonly #safe: Bound
  /** What must be bound before a variable is. */
  readonly #waiting = new Map<string, Vars>()

  constructor(safe: Bound) {
    this.#safe = safe
  }

  unify(a: Term, b: Term): void {
    switch (a.kind) {
      case 'var':
        this.#variable(a.name, b)
        return
      case 'ref':
      case 'call':
        if (this.#isReady(a)) this.#matched(b)
        return
      case 'arraycomprehension':
        if (b.kind === 'var' || b.kind === 'array') this.#matched(b)
        return
      case 'objectcomprehension':
        if (b.kind === 'var' || b.kind === 'object') this.#matched(b)
        return
      case 'array':
        if (b.kind === 'var') this.#pattern(b.name, a)
        else if (b.kind === 'arraycomprehension' || b.kind === 'objectcomprehension' || b.kind === 'setcomprehension') this.#matched(a)
        else if (b.kind === 'ref' || b.kind === 'call') {
          if (this.#isReady(b)) this.#matched(a)
        } else if (b.kind === 'array' && a.items.length === b.items.length) {
          for (const [at, item] of a.items.entries()) this.unify(item, b.items[at]!)
        }
        return
      case 'object':
        if (b.kind === 'var') this.#pattern(b.name, a)
        else if (b.kind === 'ref' || b.kind === 'call') {
          if (this.#isReady(b)) this.#matched(a)
        } else if (b.kind === 'object') this.#objects(a, b)
        return
      default:
        if (b.kind === 'var') this.#bind(b.name)
    }
  }

  #variable(name: string, other: Term): void {
    if (other.kind === 'var') {
      if (this.#isSafe(other.name)) this.#bind(name)
      else if (this.#isSafe(name)) this.#bind(other.name)
      else {
        this.#wait(name, other.name)
        this.#wait(other.name, name)
      }
    } else if (isPattern(other)) this.#pattern(name, other)
    else if ((other.kind !== 'ref' && other.kind !== 'call') || this.#isReady(other)) this.#bind(name)
  }

  #objects(a: ObjectTerm, b: ObjectTerm): void {
    if (a.entries.length !== b.entries.length) return
    for (const [key, value] of a.entries) {
      const other = b.entries.find(([name]) => equalTerms(name, key))
      if (other !== undefined) this.unify(value, other[1])
    }
  }

  #isReady(term: Ref | Call): boolean {
    return term.kind === 'ref' ? isRefSafe(term, this.#safe) : areSafe(term, this.#safe)
  }

  #isSafe(name: string): boolean {
    return this.#safe.has(name) || this.unified.has(name)
  }

  /** A term that is compared with a known value. */
  #matched(term: Term): void {
    if (term.kind === 'var' || isPattern(term)) for (const name of varsOf(term, PATTERN)) this.#bind(name)
  }

  #pattern(name: string, pattern: Term): void {
    if (this.#isSafe(name)) {
      this.#matched(pattern)
      return
    }
    const open = [...varsOf(pattern, PATTERN)].filter((inner) => !this.#isSafe(inner))
    if (open.length === 0) this.#bind(name)
    for (const inner of open) this.#wait(name, inner)
  }

  #wait(name: string, forName: string): void {
    const names = this.#waiting.get(name)
    if (names === undefined) this.#waiting.set(name, new Set([forName]))
    else names.add(forName)
  }

  #bind(name: string): void {
    this.unified.add(name)
    const parts = this.#waiting.get(name)
    this.#waiting.delete(name)
    for (const part of parts ?? []) this.#bind(part)
    for (const [waiting, names] of this.#waiting) {
      if (names.delete(name) && names.size === 0) this.#bind(waiting)
    }
  }
}
