import { signatureNames, signatureOf } from '../../builtins/signatures.ts'
import type { Comprehension, ObjectTerm, Term } from '../../syntax/ast.ts'
import { isConstant, isScalar } from '../../syntax/ground.ts'
import { documentOf } from '../constant.ts'
import { orAll } from './algebra.ts'
import { isEmptyCollection, select, valuesOf } from './select.ts'
import { keyOf, sortedByKey, TypeTree } from './tree.ts'
import {
  ANY,
  arrayOf,
  BOOLEAN,
  type Dynamic,
  NULL,
  NUMBER,
  objectOf,
  type Property,
  STRING,
  setOf,
  type Type,
  type Unknown,
} from './type.ts'
import type { Budget } from './unify.ts'

/** The types of a comprehension's variables once its body is checked; undefined if that has faults. */
export type CheckBody = (env: TypeEnv, comprehension: Comprehension) => TypeEnv | undefined

/** What is known of the types of variables and refs at a place in a module: more than in the environment around it. */
export class TypeEnv {
  readonly tree: TypeTree
  /** Where the types of variables are put: in the tree, but for an expression with modifiers, whose variables outlive it. */
  readonly #vars: TypeTree
  readonly next: TypeEnv | undefined
  readonly #check: CheckBody
  readonly budget: Budget

  private constructor(tree: TypeTree, vars: TypeTree, next: TypeEnv | undefined, check: CheckBody, budget: Budget) {
    this.tree = tree
    this.#vars = vars
    this.next = next
    this.#check = check
    this.budget = budget
  }

  /** The outermost: OPA's builtins, and the type of `input` if it is known. */
  static outermost(check: CheckBody, budget: Budget, tree: TypeTree = new BuiltinTree()): TypeEnv {
    return new TypeEnv(tree, tree, undefined, check, budget)
  }

  /** An environment within this one. */
  within(): TypeEnv {
    const tree = new TypeTree()
    return new TypeEnv(tree, tree, this, this.#check, this.budget)
  }

  /** An environment for an expression with modifiers. */
  under(tree: TypeTree): TypeEnv {
    return new TypeEnv(tree, this.#vars, this, this.#check, this.budget)
  }

  /** How often something became known, here and around here. */
  get changes(): number {
    return this.tree.changes + (this.next?.changes ?? 0)
  }

  infer(variable: Term, type: Type | Unknown): void {
    this.#vars.put([variable], type)
  }

  put(path: readonly Term[], type: Type): void {
    this.tree.put(path, type)
  }

  insert(path: readonly Term[], type: Type): void {
    this.tree.insert(path, type, (part) => this.typeOf(part))
  }

  typeOf(term: Term): Type | Unknown {
    switch (term.kind) {
      case 'null':
        return NULL
      case 'boolean':
        return BOOLEAN
      case 'number':
        return NUMBER
      case 'string':
      case 'templatestring':
        return STRING
      case 'array':
        return arrayOf(
          term.items.map((item) => this.typeOf(item)),
          undefined,
        )
      case 'object':
        return this.#object(term)
      case 'set':
        return setOf(orAll(term.items.map((item) => this.typeOf(item))))
      case 'ref':
        return this.typeOfRef(term.parts)
      case 'var':
        return this.#variable(term.name)
      case 'call':
        return undefined
      default:
        return this.#comprehension(term)
    }
  }

  /** Of keys that are not constant the last one stands for all. */
  #object({ entries }: ObjectTerm): Type {
    const properties: Property[] = []
    let dynamic: Dynamic | undefined
    for (const [name, item] of entries) {
      const key = documentOf(name)
      const value = this.typeOf(item)
      if (key === undefined) dynamic = { key: this.typeOf(name), value }
      else properties.push({ key, value })
    }
    return objectOf(sortedByKey(properties), dynamic)
  }

  #comprehension(term: Comprehension): Type | Unknown {
    const within = this.#check(this, term)
    if (within === undefined) return undefined
    switch (term.kind) {
      case 'arraycomprehension':
        return arrayOf([], within.typeOf(term.term))
      case 'setcomprehension':
        return setOf(within.typeOf(term.term))
      default:
        return objectOf([], { key: within.typeOf(term.key), value: within.typeOf(term.value) })
    }
  }

  #variable(name: string): Type | Unknown {
    for (let env: TypeEnv | undefined = this; env !== undefined; env = env.next) {
      const found = env.tree.child(name)
      if (found !== undefined) return found.type
    }
    return undefined
  }

  typeOfRef(parts: readonly [Term, ...Term[]]): Type | Unknown {
    const head = keyOf(parts[0])
    for (let env: TypeEnv | undefined = this; env !== undefined; env = env.next) {
      const found = env.tree.child(head)
      const type = found && follow(found, parts, 1)
      if (type !== undefined) return type.type
    }
    return isRoot(parts[0]) ? ANY : undefined
  }
}

/** What a tree says of a ref from one of its parts on; undefined if the environment around may say it. */
function follow(from: TypeTree, parts: readonly Term[], at: number): { readonly type: Type | Unknown } | undefined {
  let node = from
  for (; at < parts.length; at++) {
    const part = parts[at]!
    if (node.type !== undefined) {
      const child = node.child(keyOf(part))
      if (child === undefined) return { type: selectParts(node.type, parts, at) }
      node = child
    } else {
      if (!isConstant(part)) return { type: selectParts(node.extent(), parts, at) }
      const child = node.child(keyOf(part))
      if (child === undefined) return undefined
      node = child
    }
  }
  return { type: node.extent() }
}

/** The type at the end of a path; at a part that is not known, that of all values. */
function selectParts(type: Type | Unknown, parts: readonly Term[], from: number): Type | Unknown {
  let found = type
  for (const part of parts.slice(from)) {
    if (found === undefined) return undefined
    if (isScalar(part)) found = select(found, documentOf(part)!)
    else if (part.kind === 'call' || part.kind.endsWith('comprehension')) return undefined
    else if (isEmptyCollection(found)) return ANY
    else found = valuesOf(found)
  }
  return found
}

export const isRoot = (term: Term) => term.kind === 'var' && (term.name === 'data' || term.name === 'input')

/** The builtins' declarations, each read when one of its first name is asked for. */
class BuiltinTree extends TypeTree {
  override child(key: string): TypeTree | undefined {
    const known = super.child(key)
    if (known !== undefined) return known
    byFirst ??= Map.groupBy(signatureNames(), (name) => name.split('.')[0]!)
    const names = byFirst.get(key)
    if (names === undefined) return undefined
    for (const name of names) {
      const [head, ...rest] = name.split('.')
      const at = NOWHERE
      this.put(
        [{ kind: 'var', name: head!, at }, ...rest.map((value) => ({ kind: 'string', value, at }) as const)],
        signatureOf(name)!.type,
      )
    }
    return super.child(key)
  }
}

const NOWHERE = { file: '', row: 0, col: 0, start: 0, end: 0 }

let byFirst: ReadonlyMap<string, readonly string[]> | undefined
