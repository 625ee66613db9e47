import { byName, type Definition, namedType, type Type } from './ast.ts'
import type { Schema } from './schema.ts'

/** Whether a value of type `actual` may stand where `required` is asked for (§3.6.1). */
export function isCovariant({ possible }: Pick<Schema, 'possible'>, required: Type, actual: Type): boolean {
  if (required.NonNull && !actual.NonNull) return false
  if (required.NamedType !== '') {
    return required.NamedType === actual.NamedType || byName(possible.get(required.NamedType) ?? [], actual.NamedType) !== undefined
  }
  return required.Elem !== undefined && actual.Elem !== undefined && isCovariant({ possible }, required.Elem, actual.Elem)
}

/** Whether a value of type `type` may be handed to one who wants `wanted` (§5.8.5). */
export function isCompatible(type: Type, wanted: Type): boolean {
  if (type.NamedType !== wanted.NamedType) return false
  if (type.Elem !== undefined && (wanted.Elem === undefined || !isCompatible(type.Elem, wanted.Elem))) return false
  return !wanted.NonNull || type.NonNull
}

export const isInputType = ({ Kind }: Definition) => Kind === 'SCALAR' || Kind === 'ENUM' || Kind === 'INPUT_OBJECT'
export const isLeafType = ({ Kind }: Definition) => Kind === 'SCALAR' || Kind === 'ENUM'
export const isCompositeType = ({ Kind }: Definition) => Kind === 'OBJECT' || Kind === 'INTERFACE' || Kind === 'UNION'
export const definitionOf = ({ types }: Pick<Schema, 'types'>, type: Type) => types.get(namedType(type))
