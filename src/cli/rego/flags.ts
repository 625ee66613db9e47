// Flags that several commands of `thymus rego` have; their names are opa's.
import { flag, given, many } from '../flags.ts'
import { text } from '../parameters.ts'
import { type Allowed, allowedNet } from './allowed-net.ts'

export const modules = {
  data: many(text, 'PATH', 'a module, a document or a folder of both; a.b:FILE puts a document below a path'),
  'v0-compatible': flag('modules and queries are Rego v0 unless they import rego.v1'),
} as const
/** JSON schemas for the type checker. */
export const schema = given(text, 'PATH', 'a JSON schema of the input, or a folder of schemas that METADATA names')
/** What of the language there is. */
export const capabilities = given(text, 'FILE', 'builtins that this file does not list are unknown')
export const question = {
  input: given(text, 'FILE', 'the input document, JSON or YAML'),
  'stdin-input': flag('read the input document from stdin'),
} as const

export const net = {
  'allow-net': many(allowedNet, 'HOST[:PORT],...', 'whom http.send may ask; nobody where it is left out'),
} as const

export interface NetFlags {
  readonly 'allow-net'?: readonly (readonly Allowed[])[]
}

/** Algorithms by which bundles are signed. */
export const SIGNING = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'HS256', 'HS384', 'HS512'] as const

export interface ModuleFlags {
  readonly data?: readonly string[]
  readonly 'v0-compatible'?: boolean
}

export interface InputFlags {
  readonly input?: string
  readonly 'stdin-input'?: boolean
}

export const versionOf = (flags: ModuleFlags): 'v0' | 'v1' => (flags['v0-compatible'] ? 'v0' : 'v1')
