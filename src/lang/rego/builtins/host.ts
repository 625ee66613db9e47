import type { Builtin } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { isArray, RegoObject, type Value } from '../values/value.ts'

/** What the host tells of itself. */
export const HOST: Readonly<Record<string, Builtin>> = {
  'opa.runtime': ({ surroundings }) => redacted(surroundings.runtime ?? new RegoObject()),
}

/** Without the secrets that OPA's configuration may hold: credentials of services, and keys. */
function redacted(runtime: RegoObject): RegoObject {
  const config = runtime.get('config')
  if (!(config instanceof RegoObject)) return runtime
  const plain = config.copy()
  const services = config.get('services') ?? null
  if (services !== null) plain.set('services', withoutEach(services, ['credentials'], true))
  const keys = config.get('keys') ?? null
  if (keys !== null) plain.set('keys', withoutEach(keys, ['key', 'private_key'], false))
  return RegoObject.of([...runtime.entries(), ['config', plain]])
}

/** @throws BuiltinError for a shape in which secrets may hide */
function withoutEach(parts: Value, names: readonly string[], listed: boolean): Value {
  const without = (part: Value) => {
    if (!(part instanceof RegoObject)) throw new BuiltinError('illegal service or key in the configuration')
    return RegoObject.of(part.entries().filter(([name]) => typeof name !== 'string' || !names.includes(name)))
  }
  if (listed && isArray(parts)) return parts.map(without)
  if (parts instanceof RegoObject) return RegoObject.of(parts.entries().map(([name, part]) => [name, without(part)]))
  throw new BuiltinError('illegal services or keys in the configuration')
}
