// All builtins by name. Those of some families bring much code with them, which most policies never need.
import { createRequire } from 'node:module'
import type { Builtin } from '../codegen/runtime.ts'
import { BITS } from './bits.ts'
import { CASTS } from './casts.ts'
import { COLLECTIONS } from './collections.ts'
import { ENCODING } from './encoding.ts'
import { GLOB } from './glob.ts'
import { GRAPH } from './graph.ts'
import { HOST } from './host.ts'
import { JSON_PATCH } from './json-patch.ts'
import { JSON_PATHS } from './json-paths.ts'
import { MESSAGES } from './messages.ts'
import { MODULES } from './modules.ts'
import { NET } from './net.ts'
import { NUMBERS } from './numbers.ts'
import { REGEX } from './regex.ts'
import { SEMVER } from './semver.ts'
import { SPRINTF } from './sprintf.ts'
import { STRINGS } from './strings.ts'
import { TIME } from './time/time.ts'
import { TYPES } from './types.ts'
import { UNITS } from './units.ts'
import { URI } from './uri.ts'
import { UUID } from './uuid.ts'

const FAMILIES = [
  BITS,
  CASTS,
  COLLECTIONS,
  ENCODING,
  GLOB,
  GRAPH,
  HOST,
  JSON_PATCH,
  JSON_PATHS,
  MESSAGES,
  MODULES,
  NET,
  NUMBERS,
  REGEX,
  SEMVER,
  SPRINTF,
  STRINGS,
  TIME,
  TYPES,
  UNITS,
  URI,
  UUID,
]

type Family = Readonly<Record<string, Builtin>>

const BUILT_IN: ReadonlyMap<string, Builtin> = new Map(FAMILIES.flatMap((family) => Object.entries(family)))

const require = createRequire(import.meta.url)
const aws = (): typeof import('./aws.ts') => require('./aws.ts')
const crypto = (): typeof import('./crypto.ts') => require('./crypto.ts')
const graphql = (): typeof import('./graphql/graphql.ts') => require('./graphql/graphql.ts')
const http = (): typeof import('./http/http.ts') => require('./http/http.ts')
const jwt = (): typeof import('./jwt/jwt.ts') => require('./jwt/jwt.ts')
const schema = (): typeof import('./schema/schema.ts') => require('./schema/schema.ts')
const template = (): typeof import('./template/template.ts') => require('./template/template.ts')
const x509 = (): typeof import('./x509/x509.ts') => require('./x509/x509.ts')
const yaml = (): typeof import('./yaml/yaml.ts') => require('./yaml/yaml.ts')

/** Families that are loaded when a policy that calls one of them is prepared, with the names of their builtins. */
const LATER: readonly { readonly names: string; readonly load: () => Family }[] = [
  { names: 'providers.aws.sign_req', load: () => aws().AWS },
  {
    names: `crypto.md5 crypto.sha1 crypto.sha256
      crypto.hmac.md5 crypto.hmac.sha1 crypto.hmac.sha256 crypto.hmac.sha512 crypto.hmac.equal`,
    load: () => crypto().CRYPTO,
  },
  {
    names: 'graphql.parse_query graphql.parse_schema graphql.parse graphql.parse_and_verify graphql.is_valid graphql.schema_is_valid',
    load: () => graphql().GRAPHQL,
  },
  { names: 'http.send', load: () => http().HTTP },
  {
    names: `io.jwt.decode io.jwt.decode_verify io.jwt.encode_sign io.jwt.encode_sign_raw
      io.jwt.verify_hs256 io.jwt.verify_hs384 io.jwt.verify_hs512 io.jwt.verify_rs256 io.jwt.verify_rs384 io.jwt.verify_rs512
      io.jwt.verify_ps256 io.jwt.verify_ps384 io.jwt.verify_ps512 io.jwt.verify_es256 io.jwt.verify_es384 io.jwt.verify_es512
      io.jwt.verify_eddsa`,
    load: () => jwt().JWT,
  },
  { names: 'json.match_schema json.verify_schema', load: () => schema().SCHEMA },
  { names: 'strings.render_template', load: () => template().TEMPLATE },
  {
    names: `crypto.x509.parse_certificates crypto.x509.parse_and_verify_certificates
      crypto.x509.parse_and_verify_certificates_with_options crypto.x509.parse_certificate_request crypto.x509.parse_keypair
      crypto.x509.parse_rsa_private_key crypto.parse_private_keys`,
    load: () => x509().X509,
  },
  { names: 'yaml.is_valid yaml.marshal yaml.unmarshal', load: () => yaml().YAML },
]
const LOADERS: ReadonlyMap<string, () => Family> = new Map(
  LATER.flatMap(({ names, load }) => names.split(/\s+/).map((name) => [name, load] as const)),
)

/** Every builtin there is, by OPA's name. */
export const BUILTINS: Pick<ReadonlyMap<string, Builtin>, 'get' | 'has'> & { readonly names: readonly string[] } = {
  names: [...BUILT_IN.keys(), ...LOADERS.keys()],
  has: (name) => BUILT_IN.has(name) || LOADERS.has(name),
  get: (name) => BUILT_IN.get(name) ?? LOADERS.get(name)?.()[name],
}
