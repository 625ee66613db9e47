// Types as OPA writes them in its messages: whole, or with `...` for what does not matter.
import { numberText } from '../../values/decimal.ts'
import { isArray, isNumber, RegoSet, type Value } from '../../values/value.ts'
import type { FunctionType, Param, Type, Unknown } from './type.ts'

export const ELISION = '...'
/** A type that is not what a message is about is written whole up to this length. */
export const MAX_WHOLE = 32

export function typeText(type: Type | Unknown): string {
  if (type === undefined) return '???'
  switch (type.kind) {
    case 'array':
      return composite('array', type.items.map(typeText), type.rest && typeText(type.rest))
    case 'object':
      return composite(
        'object',
        type.properties.map(({ key, value }) => propertyText(key, typeText(value))),
        type.dynamic && `${typeText(type.dynamic.key)}: ${typeText(type.dynamic.value)}`,
      )
    case 'set':
      return composite('set', [], type.of && typeText(type.of))
    case 'any':
      return composite('any', type.of.map(typeText))
    case 'function':
      return functionText(paramTexts(type, typeText), typeText(type.result?.type))
    case 'recursive':
      return `recursive(${type.name})`
    default:
      return type.kind
  }
}

/** The parameters in parentheses, with the names that they have. */
export const paramsText = (params: readonly Param[], variadic: Param | undefined): string =>
  `(${[...params.map(paramText), ...(variadic ? [`${paramText(variadic)}...`] : [])].join(', ')})`

export const paramText = ({ name, type }: Param) => named(name, typeText(type))
export const named = (name: string | undefined, text: string) => (name === undefined ? text : `${name}: ${text}`)

/** Types more than `depth` levels below this one are left out. */
export function elidedText(type: Type | Unknown, depth: number): string {
  if (depth < 0 || type === undefined) return typeText(type)
  const below = (part: Type | Unknown) => elidedText(part, depth - 1)
  const some = (parts: readonly unknown[], texts: () => readonly string[]) => (depth > 0 ? texts() : parts.length > 0 ? [ELISION] : [])
  switch (type.kind) {
    case 'array':
      return composite(
        'array',
        some(type.items, () => type.items.map(below)),
        type.rest && (depth > 0 ? below(type.rest) : ELISION),
      )
    case 'object': {
      const properties = some(type.properties, () => type.properties.map(({ key, value }) => propertyText(key, below(value))))
      return composite(
        'object',
        properties,
        type.dynamic && (depth > 0 ? `${below(type.dynamic.key)}: ${below(type.dynamic.value)}` : ELISION),
      )
    }
    case 'set':
      return composite('set', [], type.of && (depth > 0 ? below(type.of) : ELISION))
    case 'any':
      return composite(
        'any',
        some(type.of, () => type.of.map(below)),
      )
    case 'function': {
      const params = paramTexts(type, below)
      if (depth > 0) return functionText(params, below(type.result?.type))
      return functionText(params.length > 0 ? [ELISION] : [], type.result ? ELISION : typeText(undefined))
    }
    default:
      return typeText(type)
  }
}

/** Whole if it is short, and else the outermost alone. */
export function shortText(type: Type | Unknown): string {
  const whole = typeText(type)
  return [...whole].length <= MAX_WHOLE ? whole : elidedText(type, 0)
}

export const propertyText = (key: Value, value: string) => `${keyText(key)}: ${value}`

/** As Go prints a value of a JSON document. */
function keyText(key: Value): string {
  if (typeof key === 'string') return key
  if (key === null) return '<nil>'
  if (typeof key === 'boolean') return String(key)
  if (isNumber(key)) return numberText(key)
  if (isArray(key)) return `[${key.map(keyText).join(' ')}]`
  if (key instanceof RegoSet) return `[${key.members().map(keyText).join(' ')}]`
  return `map[${key
    .entries()
    .map(([name, item]) => `${keyText(name)}:${keyText(item)}`)
    .join(' ')}]`
}

export function composite(kind: string, parts: readonly string[], rest?: string): string {
  return `${kind}${parts.length > 0 ? `<${parts.join(', ')}>` : ''}${rest ? `[${rest}]` : ''}`
}

export const functionText = (params: readonly string[], result: string) => `(${params.join(', ')}) => ${result}`

function paramTexts(type: FunctionType, text: (type: Type | Unknown) => string): string[] {
  const params = type.params.map((param) => text(param.type))
  return type.variadic ? [...params, `${text(type.variadic.type)}...`] : params
}
