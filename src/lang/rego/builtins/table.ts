import type { Builtin } from '../codegen/runtime.ts'
import { COLLECTIONS } from './collections.ts'
import { CRYPTO } from './crypto.ts'
import { ENCODING } from './encoding.ts'
import { GLOB } from './glob.ts'
import { GRAPH } from './graph.ts'
import { JSON_PATHS } from './json-paths.ts'
import { JWT } from './jwt/jwt.ts'
import { NUMBERS } from './numbers.ts'
import { REGEX } from './regex.ts'
import { SEMVER } from './semver.ts'
import { SPRINTF } from './sprintf.ts'
import { STRINGS } from './strings.ts'
import { TIME } from './time.ts'
import { TYPES } from './types.ts'
import { UNITS } from './units.ts'
import { X509 } from './x509/x509.ts'

const FAMILIES = [
  COLLECTIONS,
  CRYPTO,
  ENCODING,
  GLOB,
  GRAPH,
  JSON_PATHS,
  JWT,
  NUMBERS,
  REGEX,
  SEMVER,
  SPRINTF,
  STRINGS,
  TIME,
  TYPES,
  UNITS,
  X509,
]

/** Every builtin there is, by OPA's name. */
export const BUILTINS: ReadonlyMap<string, Builtin> = new Map(FAMILIES.flatMap((family) => Object.entries(family)))
