import type { Builtin } from '../codegen/runtime.ts'
import { COLLECTIONS } from './collections.ts'
import { ENCODING } from './encoding.ts'
import { GRAPH } from './graph.ts'
import { JSON_PATHS } from './json-paths.ts'
import { NUMBERS } from './numbers.ts'
import { REGEX } from './regex.ts'
import { STRINGS } from './strings.ts'
import { TYPES } from './types.ts'
import { UNITS } from './units.ts'

/** Every builtin there is, by OPA's name. */
export const BUILTINS: ReadonlyMap<string, Builtin> = new Map(
  [COLLECTIONS, ENCODING, GRAPH, JSON_PATHS, NUMBERS, REGEX, STRINGS, TYPES, UNITS].flatMap((family) => Object.entries(family)),
)
