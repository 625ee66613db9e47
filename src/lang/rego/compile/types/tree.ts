// The types of refs by their parts, as OPA's type tree keeps them.
import type { Term } from '../../syntax/ast.ts'
import { numberKey, readNumber } from '../../values/decimal.ts'
import { compare } from '../../values/order.ts'
import { documentOf } from '../constant.ts'
import { partsText } from '../text.ts'
import { or, unwrap } from './algebra.ts'
import { ANY, anyIn, type Dynamic, type ObjectType, objectOf, type Property, STRING, setOf, type Type, type Unknown } from './type.ts'

/** How the parts of a ref are told apart. */
export function keyOf(part: Term): string {
  switch (part.kind) {
    case 'var':
      return part.name
    case 'string':
      return `"${part.value}`
    case 'number':
      return `#${numberKey(readNumber(part.text) ?? Number.NaN)}`
    default:
      return `!${partsText([part])}`
  }
}

export class TypeTree {
  readonly part: Term | undefined
  /** Most nodes are variables, and have none. */
  #children: Map<string, TypeTree> | undefined
  #type: Type | Unknown
  #extent: Type | Unknown
  /** How often something was put here or below. */
  changes = 0

  constructor(part?: Term) {
    this.part = part
  }

  get type(): Type | Unknown {
    return this.#type
  }

  child(key: string): TypeTree | undefined {
    return this.#children?.get(key)
  }

  children(): Iterable<TypeTree> {
    return this.#children?.values() ?? []
  }

  get hasChildren(): boolean {
    return this.#children !== undefined
  }

  /** The child at a part, made if it is not there. */
  #under(part: Term): TypeTree {
    this.#extent = undefined
    this.changes++
    const key = keyOf(part)
    this.#children ??= new Map()
    let child = this.#children.get(key)
    if (child === undefined) {
      child = new TypeTree(part)
      this.#children.set(key, child)
    }
    return child
  }

  put(path: readonly Term[], type: Type | Unknown): void {
    let node: TypeTree = this
    for (const part of path) node = node.#under(part)
    node.#type = type
  }

  /**
   * Puts a type at a ground path, besides the one that is there, and into the objects that stand on the way. An object takes in what
   * is known below it. `typeOf`: of a part of the path, as a key.
   */
  insert(path: readonly Term[], type: Type, typeOf: (part: Term) => Type | Unknown): void {
    let node: TypeTree = this
    path.forEach((part, at) => {
      node = node.#under(part)
      const rest = path.slice(at + 1)
      const object = unwrap(node.type)
      if (rest.length > 0 && object?.kind === 'object') node.#type = including(object, rest, type, typeOf)
    })
    node.#type = merged(node.type, type)
    if (unwrap(type).kind !== 'object' || !node.hasChildren) return
    for (const [below, leaf] of node.#leaves([])) {
      const object = unwrap(node.type)
      if (object?.kind === 'object') node.#type = including(object, below, leaf, typeOf)
    }
  }

  *#leaves(path: readonly Term[]): Iterable<readonly [readonly Term[], Type]> {
    for (const child of this.children()) {
      const to = [...path, child.part!]
      if (child.type === undefined) yield* child.#leaves(to)
      else yield [to, child.type]
    }
  }

  /** The type of all that is here and below. What else there may be is data, of which nothing is known. */
  extent(): Type | Unknown {
    if (this.#type !== undefined) return this.#type
    if (this.#extent !== undefined) return this.#extent
    const properties: Property[] = []
    for (const child of this.children()) {
      const { part } = child
      if (part?.kind !== 'string' && part?.kind !== 'number' && part?.kind !== 'boolean') continue
      properties.push({ key: documentOf(part)!, value: child.extent() })
    }
    this.#extent = objectOf(sortedByKey(properties), { key: STRING, value: ANY })
    return this.#extent
  }
}

export const sortedByKey = (properties: Property[]): Property[] => properties.sort((a, b) => compare(a.key, b.key))

/** An object that may have, at a path of keys, such a value too. */
function including(object: Holder, path: readonly Term[], type: Type, typeOf: (part: Term) => Type | Unknown): Type {
  const key = typeOf(path[0]!)
  const value = path.length === 1 ? type : including({ properties: [], dynamic: undefined }, path.slice(1), type, typeOf)
  const { properties, dynamic } = object
  return objectOf(properties, dynamic ? { key: or(dynamic.key, key), value: or(dynamic.value, value) } : { key, value })
}

type Holder = Pick<ObjectType, 'properties' | 'dynamic'>

/** What rules of one name make together: of sets one set, of objects without known keys one object; else one or the other. */
export function merged(x: Type | Unknown, y: Type | Unknown): Type | Unknown {
  if (x === undefined) return y
  if (y === undefined) return x
  const [a, b] = [unwrap(x), unwrap(y)]
  if (a.kind === 'any' && b.kind !== 'any') return merged(b, a)
  if (a.kind === 'set' && b.kind === 'set') return setOf(or(a.of, b.of))
  if (a.kind === 'object' && a.properties.length === 0) {
    if (b.kind === 'object' && b.properties.length === 0) {
      if (a.dynamic === undefined || b.dynamic === undefined) return a.dynamic === undefined ? b : a
      return objectOf([], { key: or(a.dynamic.key, b.dynamic.key), value: merged(a.dynamic.value, b.dynamic.value) })
    }
    if (b.kind === 'any' && a.dynamic !== undefined) {
      const at = b.of.findIndex((one) => one.kind === 'object' && one.properties.length === 0 && one.dynamic !== undefined)
      if (at >= 0) return anyIn(b.of.with(at, joined(b.of[at], a.dynamic)))
    }
  }
  return or(a, b)
}

const joined = (object: Type | Unknown, { key, value }: Dynamic): Type =>
  object?.kind === 'object' && object.dynamic
    ? objectOf([], { key: or(object.dynamic.key, key), value: or(object.dynamic.value, value) })
    : objectOf([], { key, value })
