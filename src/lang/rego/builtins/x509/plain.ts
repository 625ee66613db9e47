import { fromBigInt } from '../../values/decimal.ts'
import { RegoObject, type Value } from '../../values/value.ts'

/** What Go's encoding/json makes of a struct: bytes as base64, big integers in full, nil as null. */
export type Plain = null | undefined | boolean | number | bigint | string | Buffer | readonly Plain[] | { readonly [name: string]: Plain }

export function toValue(plain: Plain): Value {
  if (plain === undefined || plain === null) return null
  if (typeof plain === 'bigint') return fromBigInt(plain)
  if (typeof plain !== 'object') return plain
  if (Buffer.isBuffer(plain)) return plain.toString('base64')
  if (isList(plain)) return plain.map(toValue)
  return RegoObject.of(Object.entries(plain).map(([name, value]) => [name, toValue(value)]))
}

const isList = (plain: object): plain is readonly Plain[] => Array.isArray(plain)

/** A slice that Go never made is null, not empty. */
export const listOrNull = <T>(list: readonly T[]): readonly T[] | null => (list.length === 0 ? null : list)
