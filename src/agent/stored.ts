// Values with big numbers and maps, as JSON: `{"$big": "…"}` and `{"$map": [[key, value]…]}`.

/** The value with nothing in it that JSON cannot hold. */
export function storable(value: unknown): unknown {
  if (typeof value === 'bigint') return { $big: String(value) }
  if (value instanceof Map) return { $map: [...value].map(([key, each]) => [key, storable(each)]) }
  if (Array.isArray(value)) return value.map(storable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, storable(each)]))
}

/** The value that `storable` was given. */
export function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive)
  if (typeof value !== 'object' || value === null) return value
  if ('$big' in value) return BigInt(String(value.$big))
  if ('$map' in value) return new Map((value.$map as [unknown, unknown][]).map(([key, each]) => [key, revive(each)]))
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, revive(each)]))
}
