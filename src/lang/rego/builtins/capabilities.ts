import { paramJson, type TypeJson, typeJson } from '../compile/types/json.ts'
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

function builtinJson({ name, infix, type, relation, nondeterministic, deprecated }: Signature): BuiltinJson {
  const [categories, description, ...parts] = DESCRIPTIONS[name] ?? []
  const described = (json: TypeJson, at: number) => (parts[at] ? { description: parts[at], ...json } : json)
  return {
    name,
    ...(description && { description }),
    ...(categories && { categories: categories.split(' ') }),
    decl: {
      ...typeJson(type),
      ...(type.params.length > 0 && { args: type.params.map((param, at) => described(paramJson(param), at)) }),
      ...(type.result && { result: described(paramJson(type.result), type.params.length) }),
    },
    ...(infix && { infix }),
    ...(relation && { relation }),
    ...(nondeterministic && { nondeterministic }),
    ...(deprecated && { deprecated }),
  }
}
