import type { Builtin } from '../codegen/runtime.ts'
import { COLLECTIONS } from './collections.ts'
import { GRAPH } from './graph.ts'
import { NUMBERS } from './numbers.ts'
import { STRINGS } from './strings.ts'
import { TYPES } from './types.ts'

/** Every builtin there is, by OPA's name. */
export const BUILTINS: ReadonlyMap<string, Builtin> = new Map(
  [COLLECTIONS, GRAPH, NUMBERS, STRINGS, TYPES].flatMap((family) => Object.entries(family)),
)
