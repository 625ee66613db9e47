// The type of what a JSON schema takes, as OPA derives it: references, properties, items, anyOf and allOf. All else may be anything.
import { isArray, RegoObject, type Value } from '../../values/value.ts'
import { or } from './algebra.ts'
import { sortedByKey } from './tree.ts'
import { ANY, arrayOf, BOOLEAN, NUMBER, objectOf, type RecursiveType, STRING, type Type, type Unknown } from './type.ts'

/** A schema that is none, or that cannot be made a type. */
export class SchemaFault extends Error {}

const PRIMITIVES: readonly string[] = ['array', 'boolean', 'integer', 'number', 'null', 'object', 'string']
/** Schemas within schemas. */
const MAX_NESTING = 200
/** What `allOf` names is merged anew each time, so that twice as many at each level would never end. */
const MAX_MERGED = 10_000

/** A schema as far as types go. Of a reference only its target counts. */
interface Schema {
  readonly ref: string | undefined
  readonly types: readonly string[]
  readonly properties: readonly (readonly [string, Schema])[]
  readonly items: readonly Schema[]
  /** `items` is one schema for all. */
  readonly same: boolean
  readonly anyOf: readonly Schema[] | undefined
  readonly allOf: readonly Schema[] | undefined
}

/** The type of the values that a schema takes. Throws SchemaFault. */
export function typeOfSchema(document: Value): Type {
  const reader = new Reader(document)
  return reader.type(reader.read(document, 0)) ?? ANY
}

/** A target of references whose type is being found, or was. */
interface Definition {
  type: Type | Unknown
  /** Stands for the type where it holds itself. */
  recursive: RecursiveType | undefined
  open: boolean
}

class Reader {
  readonly #document: Value
  readonly #targets = new Map<string, Schema>()
  readonly #definitions = new Map<string, Definition>()
  /** Of `allOf`: within each other, and all together. */
  #merging = 0
  #merged = 0

  constructor(document: Value) {
    this.#document = document
  }

  /** Checks the shape of all that counts, targets of references included. */
  read(value: Value, depth: number): Schema {
    if (depth > MAX_NESTING) return fail('schemas are nested too deeply')
    if (typeof value === 'boolean') return EMPTY
    if (!(value instanceof RegoObject)) return fail('Invalid type. Expected: valid schema')
    const ref = value.get('$ref')
    if (ref !== undefined) return this.#reference(ref, depth)
    const all = (key: string) => {
      const schemas = value.get(key)
      if (schemas === undefined) return undefined
      if (!isArray(schemas)) return fail(`${key} must be of an array`)
      return schemas.map((schema) => this.read(schema, depth + 1))
    }
    const items = value.get('items')
    return {
      ref: undefined,
      types: typesOf(value.get('type')),
      properties: this.#properties(value.get('properties'), depth),
      items: items === undefined ? [] : isArray(items) ? items.map((item) => this.read(item, depth + 1)) : [this.read(items, depth + 1)],
      same: items !== undefined && !isArray(items),
      anyOf: all('anyOf'),
      allOf: all('allOf'),
    }
  }

  #properties(value: Value | undefined, depth: number): Schema['properties'] {
    if (value === undefined) return []
    if (!(value instanceof RegoObject)) return fail('properties must be of type object')
    return value.entries().map(([key, schema]) => [String(key), this.read(schema, depth + 1)])
  }

  #reference(ref: Value, depth: number): Schema {
    if (typeof ref !== 'string') return fail('Invalid type. Expected: string, given: $ref')
    if (!this.#targets.has(ref)) {
      // Before what it refers to is read, since that may refer to itself.
      this.#targets.set(ref, EMPTY)
      this.#targets.set(ref, this.read(this.#find(ref), depth + 1))
    }
    return { ...EMPTY, ref }
  }

  /** Of this document: a pointer after `#`, or after the document's own id. */
  #find(ref: string): Value {
    const id = this.#document instanceof RegoObject ? (this.#document.get('$id') ?? this.#document.get('id')) : undefined
    const local = typeof id === 'string' && ref.startsWith(`${id}#`) ? ref.slice(id.length) : ref
    if (!local.startsWith('#')) return fail(`remote reference loading disabled: ${ref}`)
    let found: Value | undefined = this.#document
    for (const part of local.slice(1).split('/').slice(1)) {
      const key = decode(part).replaceAll('~1', '/').replaceAll('~0', '~')
      found = found instanceof RegoObject ? found.get(key) : isArray(found) && /^\d+$/.test(key) ? found[Number(key)] : undefined
      if (found === undefined) return fail(`Object has no key '${key}'`)
    }
    return found!
  }

  type(schema: Schema): Type | Unknown {
    if (schema.ref !== undefined) return this.#definition(schema.ref)
    if (schema.anyOf !== undefined) return this.#anyOf(schema, schema.anyOf)
    if (schema.allOf !== undefined) return this.#allOf(schema, schema.allOf)
    const { types, properties, items } = schema
    const is = (type: string) => types.includes(type)
    if (is('boolean')) return BOOLEAN
    if (is('string')) return STRING
    if (is('integer') || is('number')) return NUMBER
    if (is('object') || (!is('array') && properties.length > 0)) {
      if (properties.length === 0) return objectOf([], { key: ANY, value: ANY })
      return objectOf(sortedByKey(properties.map(([key, inner]) => ({ key, value: this.type(inner) }))))
    }
    if (is('array') || items.length > 0) {
      if (items.length === 0) return arrayOf([], ANY)
      const inner = items.map((item) => this.type(item))
      return schema.same ? arrayOf([], inner[0]) : arrayOf(inner, undefined)
    }
    return ANY
  }

  #definition(ref: string): Type | Unknown {
    const known = this.#definitions.get(ref)
    if (known?.open) {
      known.recursive ??= { kind: 'recursive', name: ref, type: ANY }
      return known.recursive
    }
    if (known !== undefined) return known.type
    const definition: Definition = { type: undefined, recursive: undefined, open: true }
    this.#definitions.set(ref, definition)
    const { ref: further, ...schema } = this.#targets.get(ref)!
    definition.type = further === undefined ? this.type({ ref: undefined, ...schema }) : this.#definition(further)
    definition.open = false
    if (definition.recursive !== undefined && definition.type !== undefined) definition.recursive.type = definition.type
    return definition.type
  }

  /** Beside a type of its own it may be an object with its own properties. */
  #anyOf(schema: Schema, anyOf: readonly Schema[]): Type | Unknown {
    const own = schema.types.length > 0 ? this.type({ ...schema, anyOf: undefined }) : undefined
    const first = own?.kind === 'object' && own.dynamic === undefined ? own : undefined
    return anyOf.reduce<Type | Unknown>((found, one) => or(this.type(one), found), first)
  }

  #allOf(schema: Schema, allOf: readonly Schema[]): Type | Unknown {
    if (++this.#merged > MAX_MERGED || this.#merging >= MAX_NESTING) return fail('allOf leads back to itself, or to too many schemas')
    this.#merging++
    const type = this.#typeOfAll(schema, allOf)
    this.#merging--
    return type
  }

  #typeOfAll(schema: Schema, allOf: readonly Schema[]): Type | Unknown {
    const targets = allOf.map((one) => this.#target(one))
    const counted = targets.filter(
      ({ types, anyOf, properties, items }) => types.length > 0 || anyOf === undefined || properties.length > 0 || items.length > 0,
    )
    if (counted.length === 0) return ANY
    const merged = mergeAll(counted)
    if (schema.types.length === 0) return this.type(merged)
    const both = (type: string) => schema.types.includes(type) && merged.types.includes(type)
    if (both('object') || both('array')) return this.type(mergeAll([merged, { ...schema, allOf: undefined }]))
    if (typesText(schema) !== typesText(merged)) return failMerge('')
    return this.type(merged)
  }

  #target(schema: Schema): Schema {
    const seen = new Set<string>()
    let target = schema
    while (target.ref !== undefined && !seen.has(target.ref)) {
      seen.add(target.ref)
      target = this.#targets.get(target.ref)!
    }
    return target
  }
}

const EMPTY: Schema = { ref: undefined, types: [], properties: [], items: [], same: false, anyOf: undefined, allOf: undefined }

function fail(why: string): never {
  throw new SchemaFault(`unable to compile the schema: ${why}`)
}

function failMerge(why: string): never {
  throw new SchemaFault(`type checking: unable to merge these schemas${why}`)
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function typesOf(value: Value | undefined): readonly string[] {
  const types = value === undefined ? [] : isArray(value) ? value : [value]
  const found: string[] = []
  for (const type of types) {
    if (typeof type !== 'string') return fail('Invalid type. Expected: string/array of strings, given: type')
    if (!PRIMITIVES.includes(type))
      return fail(`has a primitive type that is NOT VALID -- given: /${type}/ Expected valid values are:[${PRIMITIVES.join(' ')}]`)
    if (found.includes(type)) return fail(`type ${type} is duplicated`)
    found.push(type)
  }
  return found
}

const typesText = ({ types }: Schema) => (types.length === 0 ? 'Undefined' : types.length === 1 ? types[0]! : `[${types.join(',')}]`)

/** Properties and items imply their type. */
function implied(schema: Schema): Schema {
  const type = schema.properties.length > 0 ? 'object' : schema.items.length > 0 ? 'array' : undefined
  return type === undefined || schema.types.includes(type) ? schema : { ...schema, types: [...schema.types, type] }
}

/** One schema with the properties, or the items, of all, which must be of one type. */
function mergeAll(schemas: readonly Schema[]): Schema {
  const [first, ...others] = schemas.map(implied)
  if (first === undefined) return EMPTY
  const properties = [...first.properties]
  const items = [...first.items]
  for (const schema of others) {
    if (typesText(first) !== typesText(schema)) return failMerge(`: type mismatch: ${typesText(first)} and ${typesText(schema)}`)
    if (first.types.includes('object') && properties.length > 0 && schema.properties.length > 0) properties.push(...schema.properties)
    else if (first.types.includes('array') && items.length > 0 && schema.items.length > 0) {
      items.push(...schema.items.slice(items.length))
      if (schema.items.some((item, at) => typesText(item) !== typesText(items[at]!))) return failMerge('')
    }
  }
  return { ...first, properties, items }
}
