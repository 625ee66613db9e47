import { printJson } from '../../values/text.ts'
import type { Param, Type, Unknown } from './type.ts'

export type TypeJson = null | { readonly [key: string]: unknown }

/** A type as OPA writes it in its capabilities and in the details of errors. An unknown one is null. */
export function typeJson(type: Type | Unknown): TypeJson {
  if (type === undefined) return null
  switch (type.kind) {
    case 'array':
      return {
        ...(type.rest && { dynamic: typeJson(type.rest) }),
        ...(type.items.length > 0 && { static: type.items.map(typeJson) }),
        type: 'array',
      }
    case 'object':
      return {
        ...(type.dynamic && { dynamic: { key: typeJson(type.dynamic.key), value: typeJson(type.dynamic.value) } }),
        ...(type.properties.length > 0 && {
          static: type.properties.map(({ key, value }) => ({ key: JSON.parse(printJson(key)), value: typeJson(value) })),
        }),
        type: 'object',
      }
    case 'set':
      return { ...(type.of && { of: typeJson(type.of) }), type: 'set' }
    case 'any':
      return { ...(type.of.length > 0 && { of: type.of.map(typeJson) }), type: 'any' }
    case 'function':
      return {
        ...(type.params.length > 0 && { args: type.params.map(paramJson) }),
        ...(type.result && { result: paramJson(type.result) }),
        type: 'function',
        ...(type.variadic && { variadic: paramJson(type.variadic) }),
      }
    case 'recursive':
      return { name: type.name }
    default:
      return { type: type.kind }
  }
}

export function paramJson(param: Param): TypeJson {
  const type = typeJson(param.type)
  return param.name === undefined || type === null ? type : { name: param.name, ...type }
}
