// Two types side by side, with only what they differ in: errors with wide types would not be read.
import { compare } from '../../values/order.ts'
import { composite, ELISION, elidedText, functionText, named, propertyText, shortText, typeText } from './text.ts'
import type { AnyType, ArrayType, Dynamic, FunctionType, ObjectType, Param, Type, Unknown } from './type.ts'

/** Where the texts get no deeper. */
const MAX_DIFF_DEPTH = 8

type Pair = readonly [string, string]

export function diffText(a: Type | Unknown, b: Type | Unknown, depth = 0): Pair {
  if (depth < MAX_DIFF_DEPTH && a !== undefined && b !== undefined && !sameText(a, b)) {
    if (a.kind === 'set' && b.kind === 'set' && a.of !== undefined && b.of !== undefined) {
      const [left, right] = diffText(a.of, b.of, depth + 1)
      return [`set[${left}]`, `set[${right}]`]
    }
    if (a.kind === 'array' && b.kind === 'array') return diffArrays(a, b, depth)
    if (a.kind === 'object' && b.kind === 'object') return diffObjects(a, b, depth)
    if (a.kind === 'any' && b.kind === 'any') return diffAnys(a, b)
    if (a.kind === 'function' && b.kind === 'function' && a.params.length === b.params.length) return diffFunctions(a, b, depth)
  }
  return [shortText(a), shortText(b)]
}

export function diffParams(a: Param, b: Param): Pair {
  const [left, right] = diffText(a.type, b.type)
  return [named(a.name, left), named(b.name, right)]
}

const sameText = (a: Type | Unknown, b: Type | Unknown) => a === b || typeText(a) === typeText(b)

function diffArrays(a: ArrayType, b: ArrayType, depth: number): Pair {
  if (a.items.length !== b.items.length || (a.rest === undefined) !== (b.rest === undefined)) return [elidedText(a, 1), elidedText(b, 1)]
  const items = a.items.map((item, at) => diffText(item, b.items[at], depth + 1))
  const rest = a.rest === undefined ? undefined : diffText(a.rest, b.rest, depth + 1)
  return [composite('array', side(items, 0), rest?.[0]), composite('array', side(items, 1), rest?.[1])]
}

const side = (pairs: readonly Pair[], at: 0 | 1) => pairs.map((pair) => pair[at])

/** Properties are in order on both sides, and those that are the same are left out. */
function diffObjects(a: ObjectType, b: ObjectType, depth: number): Pair {
  const left: string[] = []
  const right: string[] = []
  let same = false
  let [i, j] = [0, 0]
  while (i < a.properties.length || j < b.properties.length) {
    const [x, y] = [a.properties[i], b.properties[j]]
    const order = x === undefined ? 1 : y === undefined ? -1 : compare(x.key, y.key)
    if (order < 0) left.push(propertyText(x!.key, shortText(x!.value)))
    else if (order > 0) right.push(propertyText(y!.key, shortText(y!.value)))
    else if (sameText(x!.value, y!.value)) same = true
    else {
      const [of, to] = diffText(x!.value, y!.value, depth + 1)
      left.push(propertyText(x!.key, of))
      right.push(propertyText(y!.key, to))
    }
    if (order <= 0) i++
    if (order >= 0) j++
  }
  const [of, to] = diffDynamics(a.dynamic, b.dynamic, depth)
  const elided = same ? [ELISION] : []
  return [composite('object', [...left, ...elided], of), composite('object', [...right, ...elided], to)]
}

function diffDynamics(a: Dynamic | undefined, b: Dynamic | undefined, depth: number): readonly (string | undefined)[] {
  if (a === undefined || b === undefined) {
    const whole = (one: Dynamic | undefined) => one && `${shortText(one.key)}: ${shortText(one.value)}`
    return [whole(a), whole(b)]
  }
  const keys = diffText(a.key, b.key, depth + 1)
  const values = diffText(a.value, b.value, depth + 1)
  return [`${keys[0]}: ${values[0]}`, `${keys[1]}: ${values[1]}`]
}

function diffAnys(a: AnyType, b: AnyType): Pair {
  const of = a.of.map(typeText)
  const to = b.of.map(typeText)
  const only = (any: AnyType, texts: readonly string[], others: ReadonlySet<string>) =>
    any.of.filter((_, at) => !others.has(texts[at]!)).map(shortText)
  const left = only(a, of, new Set(to))
  const right = only(b, to, new Set(of))
  const elided = left.length < of.length ? [ELISION] : []
  return [composite('any', [...left, ...elided]), composite('any', [...right, ...elided])]
}

function diffFunctions(a: FunctionType, b: FunctionType, depth: number): Pair {
  const params = a.params.map((param, at) => diffText(param.type, b.params[at]!.type, depth + 1))
  const [left, right] = [side(params, 0), side(params, 1)]
  if (a.variadic && b.variadic) {
    const [of, to] = diffText(a.variadic.type, b.variadic.type, depth + 1)
    left.push(`${of}...`)
    right.push(`${to}...`)
  } else if (a.variadic) left.push(`${shortText(a.variadic.type)}...`)
  else if (b.variadic) right.push(`${shortText(b.variadic.type)}...`)
  const result = diffText(a.result?.type, b.result?.type, depth + 1)
  return [functionText(left, result[0]), functionText(right, result[1])]
}
