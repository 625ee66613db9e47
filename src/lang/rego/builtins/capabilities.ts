import { ThymusError } from '../../../core/errors.ts'
import { paramJson, type TypeJson, typeJson } from '../compile/types/json.ts'
import type { Param } from '../compile/types/type.ts'
import { DESCRIPTIONS } from './descriptions.table.ts'
import { type Signature, signatureNames, signatureOf } from './signatures.ts'

/** What an engine of Rego can do, in OPA's form. */
export interface Capabilities {
  readonly builtins: readonly BuiltinJson[]
  readonly future_keywords: readonly string[]
  readonly features: readonly string[]
}

interface BuiltinJson {
  readonly name: string
  readonly description?: string
  readonly categories?: readonly string[]
  readonly decl: TypeJson
  readonly infix?: string
  readonly relation?: boolean
  readonly nondeterministic?: boolean
  readonly deprecated?: boolean
}

/** The document that `opa capabilities --current` prints for OPA 1.22.2, without what it says of its WebAssembly. */
export function capabilities(): Capabilities {
  return {
    builtins: signatureNames().map((name) => builtinJson(signatureOf(name)!)),
    future_keywords: ['and', 'not', 'or'],
    features: ['keywords_in_refs', 'rego_v1', 'rego_v2', 'rego_v2_import', 'template_strings'],
  }
}

/** The builtins that a document of capabilities lists; all others are unknown then. Throws ThymusError FORMAT where it lists none. */
export function builtinsListed(document: unknown): (name: string) => Signature | undefined {
  const list = isRecord(document) ? document.builtins : undefined
  if (!Array.isArray(list)) throw new ThymusError('FORMAT', 'it is no document of capabilities: it has no list `builtins`')
  const names = new Set(list.map((each: unknown) => (isRecord(each) ? each.name : undefined)))
  return (name) => (names.has(name) ? signatureOf(name) : undefined)
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

function builtinJson({ name, infix, type, relation, nondeterministic, deprecated }: Signature): BuiltinJson {
  const [categories, description] = DESCRIPTIONS[name] ?? []
  const [params, result] = [describedParams(name, type.params), type.result && describedParams(name, [type.result], type.params.length)[0]]
  return {
    name,
    ...(description && { description }),
    ...(categories && { categories: categories.split(' ') }),
    decl: {
      ...typeJson(type),
      ...(params.length > 0 && { args: params }),
      ...(result && { result }),
    },
    ...(infix && { infix }),
    ...(relation && { relation }),
    ...(nondeterministic && { nondeterministic }),
    ...(deprecated && { deprecated }),
  }
}

/** Parameters of a builtin, and its result as the last of them, with what is said of them. `from`: how many come before. */
export function describedParams(name: string, params: readonly Param[], from = 0): readonly TypeJson[] {
  const [, , ...parts] = DESCRIPTIONS[name] ?? []
  return params.map((param, at) => (parts[from + at] ? { description: parts[from + at], ...paramJson(param) } : paramJson(param)))
}
