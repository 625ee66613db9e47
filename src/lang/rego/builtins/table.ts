import type { Builtin } from '../codegen/runtime.ts'
import { AWS } from './aws.ts'
import { BITS } from './bits.ts'
import { CASTS } from './casts.ts'
import { COLLECTIONS } from './collections.ts'
import { CRYPTO } from './crypto.ts'
import { ENCODING } from './encoding.ts'
import { GLOB } from './glob.ts'
import { GRAPH } from './graph.ts'
import { GRAPHQL } from './graphql/graphql.ts'
import { HOST } from './host.ts'
import { HTTP } from './http/http.ts'
import { JSON_PATCH } from './json-patch.ts'
import { JSON_PATHS } from './json-paths.ts'
import { JWT } from './jwt/jwt.ts'
import { MESSAGES } from './messages.ts'
import { MODULES } from './modules.ts'
import { NET } from './net.ts'
import { NUMBERS } from './numbers.ts'
import { REGEX } from './regex.ts'
import { SCHEMA } from './schema.ts'
import { SEMVER } from './semver.ts'
import { SPRINTF } from './sprintf.ts'
import { STRINGS } from './strings.ts'
import { TEMPLATE } from './template.ts'
import { TIME } from './time.ts'
import { TYPES } from './types.ts'
import { UNITS } from './units.ts'
import { URI } from './uri.ts'
import { UUID } from './uuid.ts'
import { X509 } from './x509/x509.ts'
import { YAML } from './yaml.ts'

const FAMILIES = [
  AWS,
  BITS,
  CASTS,
  COLLECTIONS,
  CRYPTO,
  ENCODING,
  GLOB,
  GRAPH,
  GRAPHQL,
  HOST,
  HTTP,
  JSON_PATCH,
  JSON_PATHS,
  JWT,
  MESSAGES,
  MODULES,
  NET,
  NUMBERS,
  REGEX,
  SCHEMA,
  SEMVER,
  SPRINTF,
  STRINGS,
  TEMPLATE,
  TIME,
  TYPES,
  UNITS,
  URI,
  UUID,
  X509,
  YAML,
]

/** Every builtin there is, by OPA's name. */
export const BUILTINS: ReadonlyMap<string, Builtin> = new Map(FAMILIES.flatMap((family) => Object.entries(family)))
