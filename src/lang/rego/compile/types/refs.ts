// Whether refs lead to something, and what that says of the variables in them.
import type { Expr, Location, Ref, Term, With } from '../../syntax/ast.ts'
import { isScalar } from '../../syntax/ground.ts'
import { compareTerms } from '../../syntax/order.ts'
import { documentOf, termOf } from '../constant.ts'
import { isComprehension } from '../terms.ts'
import { partsText, termText } from '../text.ts'
import { unwrap } from './algebra.ts'
import { type Reason, type TypeFault, typeFault } from './details.ts'
import { isRoot, type TypeEnv } from './env.ts'
import { isEmptyCollection, keysOf, select, valuesOf } from './select.ts'
import { keyOf, type TypeTree } from './tree.ts'
import { ANY, STRING, type Type, type Unknown } from './type.ts'
import { infer, unifies } from './unify.ts'

/** The ref as the author wrote it, for a message. */
export type Rewrite = (ref: Ref) => Ref

/** The refs of an expression that lead nowhere, not those in comprehensions. */
export function checkRefs(env: TypeEnv, expr: Expr, written: Rewrite): readonly TypeFault[] {
  const checker = new RefChecker(env, written)
  checker.expr(expr)
  return checker.faults
}

class RefChecker {
  readonly faults: TypeFault[] = []
  readonly #env: TypeEnv
  readonly #written: Rewrite

  constructor(env: TypeEnv, written: Rewrite) {
    this.#env = env
    this.#written = written
  }

  /** OPA looks at modifiers only beside what is neither a term nor a call, nor `not`. */
  expr({ terms, with: modifiers }: Expr): void {
    switch (terms.kind) {
      case 'call':
        for (const arg of terms.args) this.#term(arg)
        return
      case 'not':
        this.#body(terms.body)
        return
      case 'some':
        for (const symbol of terms.symbols) this.#term(symbol)
        break
      case 'every':
        for (const term of [terms.key, terms.value, terms.domain]) if (term !== undefined) this.#term(term)
        this.#body(terms.body)
        break
      case 'and':
      case 'or':
        this.#body(terms.left)
        this.#body(terms.right)
        break
      default:
        this.#term(terms)
        return
    }
    for (const modifier of modifiers) this.#modifier(modifier)
  }

  #body(body: readonly Expr[]): void {
    for (const expr of body) this.expr(expr)
  }

  #modifier({ target, value }: With): void {
    this.#term(target)
    this.#term(value)
  }

  #term(term: Term): void {
    if (isComprehension(term)) return
    switch (term.kind) {
      case 'ref':
        this.#ref(term)
        return
      case 'call':
        for (const part of [term.operator, ...term.args]) this.#term(part)
        return
      case 'array':
      case 'set':
        for (const item of term.items) this.#term(item)
        return
      case 'object':
        for (const part of term.entries.flat()) this.#term(part)
        return
      case 'templatestring':
        for (const part of term.parts) {
          if (part.kind === 'expr') this.expr(part)
          else this.#term(part)
        }
        return
      default:
    }
  }

  #ref(ref: Ref): void {
    const type = this.#env.typeOfRef(ref.parts)
    if (type?.kind === 'function') {
      this.#unsupported(ref, ref.parts.length - 1, type)
      return
    }
    this.#follow(this.#env, ref)
    for (const part of ref.parts) this.#term(part)
  }

  /** Along the tree of an environment. One that does not have the ref gives way to the environment around. */
  #follow(env: TypeEnv, ref: Ref): void {
    let node = env.tree
    for (let at = 0; at < ref.parts.length; at++) {
      const part = ref.parts[at]!
      if ((at === 1 || at === 2) && part.kind !== 'var' && part.kind !== 'string') {
        this.#invalid(ref, at, this.#env.typeOf(part), STRING, childrenOf(node))
        return
      }
      if (part.kind === 'var' && at > 0) {
        const keys = keysOf(node.extent())
        const known = this.#env.typeOf(part)
        if (known === undefined) this.#env.infer(part, keys)
        else if (!unifies(keys, known, this.#env.budget)) {
          this.#invalid(ref, at, known, keys, childrenOf(node))
          return
        }
      }
      const child = node.child(keyOf(part))
      if (child === undefined) {
        if (env.next !== undefined) this.#follow(env.next, ref)
        else if (at === 0) this.#within(ANY, ref, isRoot(part) ? 1 : 0)
        return
      }
      if (child.type !== undefined) {
        this.#within(child.type, ref, at + 1)
        return
      }
      node = child
    }
  }

  /** From a part of the ref on, within a value of which the type is known. */
  #within(from: Type | Unknown, ref: Ref, start: number): void {
    let type = from
    for (let at = start; at < ref.parts.length; at++) {
      const part = ref.parts[at]!
      if (isEmptyCollection(type)) {
        this.#nothing(type, ref, at, part)
        return
      }
      const keys = keysOf(type)
      if (keys === undefined) {
        this.#unsupported(ref, at - 1, type)
        return
      }
      if (part.kind === 'var' || part.kind === 'ref') {
        const known = this.#env.typeOf(part)
        if (known !== undefined && !unifies(known, keys, this.#env.budget)) {
          this.#invalid(ref, at, known, keys, keysIn(type, part.at))
          return
        }
        if (known === undefined && part.kind === 'var') this.#env.infer(part, keys)
      } else if (part.kind === 'array' || part.kind === 'object' || part.kind === 'set') {
        if (!infer(this.#env, part, keys)) {
          this.#invalid(ref, at, this.#env.typeOf(part), keys, [])
          return
        }
      } else {
        const key = documentOf(part)
        const value = key === undefined ? undefined : select(type, key)
        if (value === undefined) {
          this.#invalid(ref, at, undefined, keys, keysIn(type, part.at))
          return
        }
        type = value
        continue
      }
      type = valuesOf(type)
    }
  }

  /** A key of what is always empty is not there; to go over it is no fault. */
  #nothing(type: Type | Unknown, ref: Ref, at: number, part: Term): void {
    if (isScalar(part)) this.#invalid(ref, at, undefined, undefined, [])
    if (part.kind !== 'var') return
    const known = this.#env.typeOf(part)
    const keys = keysOf(type)
    if (known === undefined) this.#env.infer(part, ANY)
    else if (keys !== undefined && !unifies(known, keys, this.#env.budget)) this.#invalid(ref, at, known, keys, [])
  }

  #invalid(ref: Ref, at: number, have: Type | Unknown, want: Type | Unknown, oneOf: readonly Term[]): void {
    const written = this.#written(ref)
    this.#fault(ref, undefinedRef(written), { kind: 'invalid', ref: written, at, have, want, oneOf })
  }

  #unsupported(ref: Ref, at: number, have: Type | Unknown): void {
    const written = this.#written(ref)
    const message = have?.kind === 'function' ? `function ${functionName(written)} used as reference, not called` : undefinedRef(written)
    this.#fault(ref, message, { kind: 'unsupported', ref: written, at, have })
  }

  #fault(ref: Ref, message: string, reason: Reason): void {
    this.faults.push(typeFault(message, ref.parts[0].at, reason))
  }
}

const undefinedRef = ({ parts }: Ref) => `undefined ref: ${partsText(parts)}`

/** Without a last part that only the compiler knows. */
function functionName({ parts }: Ref): string {
  const generated = /__local[0-9]+__/.test(termText(parts.at(-1)!))
  return partsText(generated ? parts.slice(0, -1) : parts)
}

const childrenOf = (node: TypeTree): readonly Term[] => [...node.children()].map(({ part }) => part!).sort(compareTerms)

/** The keys that a value of this type is known to have or may be known to have. */
function keysIn(of: Type | Unknown, at: Location): readonly Term[] {
  const found = new Map<string, Term>()
  const add = (one: Type | Unknown): void => {
    const type = unwrap(one)
    if (type?.kind === 'any') for (const inner of type.of) add(inner)
    if (type?.kind !== 'object') return
    for (const { key } of type.properties) {
      const term = termOf(key, at)
      found.set(keyOf(term), term)
    }
  }
  add(of)
  return [...found.values()].sort(compareTerms)
}
