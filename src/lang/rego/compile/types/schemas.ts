// What rules are told by schemas of the documents that they read.
import type { Annotations, Location, Term } from '../../syntax/ast.ts'
import { equalTerms } from '../../syntax/order.ts'
import type { Value } from '../../values/value.ts'
import { documentOf, termOf } from '../constant.ts'
import { partsText } from '../text.ts'
import { unwrap } from './algebra.ts'
import { type TypeFault, typeFault } from './details.ts'
import type { TypeEnv } from './env.ts'
import { SchemaFault, typeOfSchema } from './schema.ts'
import { sortedByKey } from './tree.ts'
import { ANY, type Dynamic, objectOf, type Property, type Type, type Unknown } from './type.ts'

export type SchemaAnnotation = NonNullable<Annotations['schemas']>[number]

/** Schemas by the refs by which annotations name them: `schema.pod`. */
export type SchemaDocuments = ReadonlyMap<string, Value>

export class Schemas {
  readonly #documents: SchemaDocuments | undefined
  readonly #types = new Map<string, Type>()

  constructor(documents: SchemaDocuments | undefined) {
    this.#documents = documents
  }

  /** Of `input`, if there is a document named `schema`; or what is wrong with it. */
  input(): Type | TypeFault | undefined {
    const document = this.#documents?.get('schema')
    try {
      return document === undefined ? undefined : typeOfSchema(document)
    } catch (error) {
      return faultOf(error, undefined)
    }
  }

  /** Puts the types that annotations give to paths into the environment of a rule. */
  apply(env: TypeEnv, annotations: readonly SchemaAnnotation[], at: Location): readonly TypeFault[] {
    return annotations.flatMap((annotation) => {
      try {
        const type = this.#type(annotation)
        if (type !== undefined) this.#put(env, annotation.path.parts, type)
        return []
      } catch (error) {
        return [faultOf(error, at)]
      }
    })
  }

  /** Undefined where schemas are named, but none were given. */
  #type({ schema, definition }: SchemaAnnotation): Type | undefined {
    if (schema === undefined) return definition && typeOfSchema(definition)
    if (this.#documents === undefined) return undefined
    const name = partsText(schema.parts)
    const known = this.#types.get(name)
    if (known !== undefined) return known
    const document = this.#documents.get(name)
    if (document === undefined) throw new SchemaFault(`undefined schema: ${name}`)
    const type = typeOfSchema(document)
    this.#types.set(name, type)
    return type
  }

  /** Within a document whose type is known, only what is at the path is overridden. */
  #put(env: TypeEnv, path: readonly Term[], type: Type): void {
    const [prefix, known] = knownPrefix(env, path)
    if (known === undefined || prefix.length === path.length) env.put(path, type)
    else env.put(prefix, overridden(path.slice(prefix.length), known, type))
  }
}

function faultOf(error: unknown, at: Location | undefined): TypeFault {
  if (!(error instanceof SchemaFault)) throw error
  return typeFault(error.message, at)
}

/** The shortest prefix of a path whose type is known. */
function knownPrefix(env: TypeEnv, path: readonly Term[]): readonly [readonly Term[], Type | Unknown] {
  for (let end = 1; end < Math.max(path.length, 2); end++) {
    const [head, ...rest] = path.slice(0, end)
    const type = head && env.typeOfRef([head, ...rest])
    if (type !== undefined) return [path.slice(0, end), type]
  }
  return [[], undefined]
}

/** A type in which what is at a path is of another one. */
function overridden(path: readonly Term[], within: Type | Unknown, type: Type): Type {
  const object = unwrap(within)
  const [head, ...rest] = path
  if (object?.kind !== 'object') return nested(path, type, { key: ANY, value: ANY })
  const properties: Property[] = []
  let found = false
  for (const { key, value } of object.properties) {
    const here = equalTerms(termOf(key, head!.at), head!)
    found ||= here
    properties.push({ key, value: !here ? value : rest.length === 0 ? type : overridden(rest, value, type) })
  }
  if (!found) {
    const added = nested(path, type, object.dynamic)
    if (added.kind === 'object') properties.push(...added.properties)
  }
  return objectOf(sortedByKey(properties), object.dynamic)
}

/** Objects within objects down to a type. */
function nested(path: readonly Term[], type: Type, dynamic: Dynamic | undefined): Type {
  return path.reduceRight<Type>((value, part) => {
    const key = documentOf(part)
    if (key === undefined) throw new SchemaFault('error getting key from value: illegal value')
    return objectOf([{ key, value }], dynamic)
  }, type)
}
