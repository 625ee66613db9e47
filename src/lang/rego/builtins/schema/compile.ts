// JSON Schema (drafts 4, 6 and 7, or a mixture where none is named) as OPA's library reads it.
import type { RE2JS } from 're2js'
import type { Runtime } from '../../codegen/runtime.ts'
import { BuiltinError } from '../../errors.ts'
import { compareNumbers, type RegoNumber, toInt } from '../../values/decimal.ts'
import { printJson } from '../../values/text.ts'
import { isArray, isNumber, RegoObject, type Value } from '../../values/value.ts'
import { patternFor } from '../regex.ts'

/** A compiled schema. What the schema does not say is undefined. */
export interface Schema {
  /** Of a schema that is a boolean. */
  pass?: boolean | undefined
  /** Where this stands, nothing else counts. */
  ref?: Schema | undefined
  types: string[]
  properties: [name: string, schema: Schema][]
  patternProperties: [pattern: RE2JS, schema: Schema][]
  additionalProperties?: Schema | boolean | undefined
  propertyNames?: Schema | undefined
  dependencies: Map<string, Schema | string[]>
  items?: Schema | undefined
  tuple?: Schema[] | undefined
  additionalItems?: Schema | boolean | undefined
  contains?: Schema | undefined
  numbers: Map<string, RegoNumber>
  counts: Map<string, number>
  uniqueItems?: boolean | undefined
  pattern?: { readonly source: string; readonly compiled: RE2JS } | undefined
  format?: string | undefined
  required: string[]
  /** As JSON, with numbers written one way. */
  constant?: string | undefined
  enum?: string[] | undefined
  oneOf: Schema[]
  anyOf: Schema[]
  allOf: Schema[]
  not?: Schema | undefined
  condition?: Schema | undefined
  whenTrue?: Schema | undefined
  whenFalse?: Schema | undefined
}

type Draft = 4 | 6 | 7 | 'any'
const DRAFTS: ReadonlyMap<string, Draft> = new Map([
  ['http://json-schema.org/draft-04/schema', 4],
  ['http://json-schema.org/draft-06/schema', 6],
  ['http://json-schema.org/draft-07/schema', 7],
])
const TYPES = ['array', 'boolean', 'integer', 'number', 'null', 'object', 'string']
const COUNTS = ['minLength', 'maxLength', 'minProperties', 'maxProperties', 'minItems', 'maxItems']
const MAX_DEPTH = 500

/** Throws BuiltinError for what is no schema, and for a reference that would have to be fetched. */
export function compileSchema(runtime: Runtime, document: Value): Schema {
  return new Compiler(runtime, document).root()
}

/** As JSON in which equal numbers are the same. */
export function canonical(value: Value): string {
  const plain = (item: Value): Value => {
    if (isNumber(item)) return Number(printJson(item))
    if (isArray(item)) return item.map(plain)
    return item instanceof RegoObject ? RegoObject.of(item.entries().map(([key, each]) => [key, plain(each)])) : item
  }
  return printJson(plain(value))
}

class Compiler {
  readonly #runtime: Runtime
  readonly #document: Value
  readonly #draft: Draft
  /** Parts of the document by what their ids come to. */
  readonly #named = new Map<string, Value>()
  readonly #referred = new Map<string, Schema>()
  #depth = 0

  constructor(runtime: Runtime, document: Value) {
    this.#runtime = runtime
    this.#document = document
    if (typeof document !== 'boolean' && !(document instanceof RegoObject)) throw new BuiltinError('schema is invalid')
    const named = document instanceof RegoObject ? document.get('$schema') : undefined
    if (named !== undefined && typeof named !== 'string') throw new BuiltinError('$schema must be of type string')
    this.#draft = DRAFTS.get(named?.replace(/#$/, '') ?? '') ?? 'any'
    this.#name(document, '')
  }

  root(): Schema {
    return this.#schema(this.#document, '')
  }

  /** Collects ids; what stands in `const` and `enum` is no schema. */
  #name(value: Value, base: string): void {
    this.#runtime.charge(1)
    if (isArray(value)) for (const item of value) this.#name(item, base)
    if (!(value instanceof RegoObject)) return
    const here = this.#baseOf(value, base)
    if (here !== base) this.#named.set(here, value)
    for (const [key, item] of value.entries()) {
      if (key === 'const' || key === 'enum') continue
      const names = key === 'properties' || key === 'dependencies' || key === 'patternProperties'
      if (names && item instanceof RegoObject) for (const [, each] of item.entries()) this.#name(each, here)
      else this.#name(item, here)
    }
  }

  #baseOf(schema: RegoObject, base: string): string {
    const id = schema.get(schema.has('id') ? 'id' : '$id')
    return typeof id === 'string' ? join(base, id) : base
  }

  #schema(node: Value, base: string): Schema {
    const schema = empty()
    this.#fill(schema, node, base)
    return schema
  }

  #fill(schema: Schema, node: Value, outer: string): void {
    if (++this.#depth > MAX_DEPTH) throw this.#runtime.exceeded('a schema that nests too deep')
    this.#runtime.charge(1)
    if (typeof node === 'boolean' && this.#draft !== 4) schema.pass = node
    else if (node instanceof RegoObject) this.#keywords(schema, node, this.#baseOf(node, outer))
    else throw new BuiltinError('Expected: Valid Schema, given: Invalid JSON')
    this.#depth--
  }

  #keywords(schema: Schema, node: RegoObject, base: string): void {
    const late = this.#draft !== 4
    const sub = (key: string): Schema | undefined => (node.has(key) ? this.#schema(node.get(key)!, base) : undefined)
    for (const key of [this.#draft === 4 || node.has('id') ? 'id' : '$id', 'title', 'description']) string(node, key)
    this.#definitions(node, base)
    const ref = string(node, '$ref')
    if (ref !== undefined) {
      schema.ref = this.#reference(join(base, ref))
      return
    }
    this.#types(schema, node)
    if (node.has('properties')) {
      const properties = node.get('properties')!
      if (!(properties instanceof RegoObject)) throw new BuiltinError('Properties must be of type object')
      schema.properties = entries(properties).map(([name, each]) => [name, this.#schema(each, base)])
    }
    schema.additionalProperties = this.#flagOrSchema(node, 'additionalProperties', base)
    for (const [source, each] of entries(map(node, 'patternProperties') ?? new RegoObject())) {
      const compiled = compiledOr(this.#runtime, source, `Invalid regex pattern '${source}'`)
      schema.patternProperties.push([compiled, this.#schema(each, base)])
    }
    if (late && node.has('propertyNames')) {
      if (!isSchema(node.get('propertyNames')!)) throw invalid('Valid Schema', 'patternProperties')
      schema.propertyNames = sub('propertyNames')!
    }
    this.#dependencies(schema, node, base)
    this.#items(schema, node, base)
    numbers(schema, node, this.#draft)
    counts(schema, node)
    const source = string(node, 'pattern')
    if (source !== undefined) schema.pattern = { source, compiled: compiledOr(this.#runtime, source, 'pattern must be a valid regex') }
    const format = string(node, 'format')
    if (format !== undefined) schema.format = format
    required(schema, node)
    if (node.has('uniqueItems')) {
      const unique = node.get('uniqueItems')
      if (typeof unique !== 'boolean') throw new BuiltinError('uniqueItems must be of a boolean')
      schema.uniqueItems = unique
    }
    if (late) schema.contains = sub('contains')
    if (late && node.has('const')) schema.constant = canonical(node.get('const')!)
    schema.enum = unique(slice(node, 'enum')?.map(canonical), 'enum')
    for (const key of ['oneOf', 'anyOf', 'allOf'] as const) schema[key] = (slice(node, key) ?? []).map((each) => this.#schema(each, base))
    const conditions = this.#draft === 7 || this.#draft === 'any' ? (['if', 'then', 'else'] as const) : []
    for (const key of ['not', ...conditions] as const) {
      if (node.has(key) && !isSchema(node.get(key)!)) throw new BuiltinError(`${key} must be of an object`)
    }
    schema.not = sub('not')
    if (conditions.length === 0) return
    schema.condition = sub('if')
    schema.whenTrue = sub('then')
    schema.whenFalse = sub('else')
  }

  /** They are read where they stand, so that errors in them are seen. */
  #definitions(node: RegoObject, base: string): void {
    const definitions = node.get('definitions')
    if (definitions === undefined) return
    if (!(definitions instanceof RegoObject) || !entries(definitions).every(([, each]) => isSchema(each))) {
      throw invalid('Array Of Schemas', 'definitions')
    }
    for (const [, each] of entries(definitions)) this.#schema(each, base)
  }

  #reference(target: string): Schema {
    const known = this.#referred.get(target)
    if (known !== undefined) return known
    const schema = empty()
    this.#referred.set(target, schema)
    const { node, base } = this.#find(target)
    if (!isSchema(node)) throw new BuiltinError('schema must be of type object')
    this.#fill(schema, node, base)
    return schema
  }

  #find(target: string): { node: Value; base: string } {
    const named = this.#named.get(target)
    if (named !== undefined) return { node: named, base: target }
    const [base, fragment] = target.split('#') as [string, string | undefined]
    const document = base === '' ? this.#document : (this.#named.get(base) ?? this.#named.get(`${base}#`))
    if (document === undefined) throw new BuiltinError(`Could not read schema from ${base}: remote reference loading disabled`)
    let node: Value | undefined = document
    for (const part of decodeURIComponent(fragment ?? '')
      .split('/')
      .slice(1)) {
      const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
      node = isArray(node) ? node[Number(name)] : node instanceof RegoObject ? node.get(name) : undefined
      if (node === undefined) throw new BuiltinError(`Object has no key '${name}'`)
    }
    return { node: node!, base }
  }

  #types(schema: Schema, node: RegoObject): void {
    const type = node.get('type')
    if (type === undefined) return
    for (const each of isArray(type) ? type : [type]) {
      if (typeof each !== 'string') throw invalid('type', 'string/Array Of Strings')
      if (!TYPES.includes(each)) {
        const valid = '[array boolean integer number null object string]'
        throw new BuiltinError(`has a primitive type that is NOT VALID -- given: /${each}/ Expected valid values are:${valid}`)
      }
      if (schema.types.includes(each)) throw new BuiltinError(`${each} type is duplicated`)
      schema.types.push(each)
    }
  }

  #flagOrSchema(node: RegoObject, key: string, base: string): Schema | boolean | undefined {
    const value = node.get(key)
    if (value === undefined || typeof value === 'boolean') return value
    if (!(value instanceof RegoObject)) throw invalid('boolean/Valid Schema', key)
    return this.#schema(value, base)
  }

  #dependencies(schema: Schema, node: RegoObject, base: string): void {
    const dependencies = node.get('dependencies')
    if (dependencies === undefined) return
    if (!(dependencies instanceof RegoObject)) throw new BuiltinError('dependencies must be of type object')
    for (const [name, each] of entries(dependencies)) {
      if (isArray(each) && each.every((item) => typeof item === 'string')) {
        if (each.length > 0) schema.dependencies.set(name, [...each] as string[])
      } else if (isSchema(each)) schema.dependencies.set(name, this.#schema(each, base))
      else throw new BuiltinError('Dependency must be of type Schema Or Array Of Strings')
    }
  }

  #items(schema: Schema, node: RegoObject, base: string): void {
    const items = node.get('items')
    if (items !== undefined) {
      const all = isArray(items) ? items : [items]
      if (!all.every(isSchema)) throw invalid('Valid Schema/Array Of Schemas', 'items')
      if (isArray(items)) schema.tuple = items.map((each) => this.#schema(each, base))
      else schema.items = this.#schema(items, base)
    }
    schema.additionalItems = this.#flagOrSchema(node, 'additionalItems', base)
  }
}

const empty = (): Schema => ({
  types: [],
  properties: [],
  patternProperties: [],
  dependencies: new Map(),
  numbers: new Map(),
  counts: new Map(),
  required: [],
  oneOf: [],
  anyOf: [],
  allOf: [],
})

const isSchema = (node: Value) => typeof node === 'boolean' || node instanceof RegoObject
const invalid = (expected: string, given: string) => new BuiltinError(`Invalid type. Expected: ${expected}, given: ${given}`)
const entries = (object: RegoObject) => object.entries() as readonly (readonly [string, Value])[]

function string(node: RegoObject, key: string): string | undefined {
  const value = node.get(key)
  if (value !== undefined && typeof value !== 'string') throw invalid('string', key)
  return value
}

function slice(node: RegoObject, key: string): readonly Value[] | undefined {
  const value = node.get(key)
  if (value !== undefined && !isArray(value)) throw new BuiltinError(`${key} must be of an array`)
  return value as readonly Value[] | undefined
}

function map(node: RegoObject, key: string): RegoObject | undefined {
  const value = node.get(key)
  if (value !== undefined && !(value instanceof RegoObject)) throw invalid('Valid Schema', key)
  return value as RegoObject | undefined
}

function compiledOr(runtime: Runtime, source: string, message: string): RE2JS {
  try {
    return patternFor(runtime, source)
  } catch (error) {
    if (!(error instanceof BuiltinError)) throw error
    throw new BuiltinError(message)
  }
}

function unique(items: string[] | undefined, key: string): string[] | undefined {
  if (items !== undefined && new Set(items).size < items.length) throw new BuiltinError(`${key} items must be unique`)
  return items
}

function required(schema: Schema, node: RegoObject): void {
  const names = slice(node, 'required') ?? []
  for (const name of names) if (typeof name !== 'string') throw invalid('string', 'required')
  schema.required = unique([...names] as string[], 'required')!
}

/** A bound that excludes itself is a flag in draft 4, and a number from draft 6 on. */
function numbers(schema: Schema, node: RegoObject, draft: Draft): void {
  const multiple = node.get('multipleOf')
  if (multiple !== undefined) {
    if (!isNumber(multiple)) throw invalid('Number', 'multipleOf')
    if (compareNumbers(multiple, 0) <= 0) throw new BuiltinError('multipleOf must be strictly greater than 0')
    schema.numbers.set('multipleOf', multiple)
  }
  for (const key of ['minimum', 'maximum']) {
    const bound = node.get(key)
    if (bound !== undefined && !isNumber(bound)) throw new BuiltinError(`${key} must be of a Number`)
    if (bound !== undefined) schema.numbers.set(key, bound as RegoNumber)
    const exclusiveKey = `exclusive${key[0]!.toUpperCase()}${key.slice(1)}`
    const exclusive = node.get(exclusiveKey)
    if (exclusive === undefined) continue
    if (isNumber(exclusive) && draft !== 4) schema.numbers.set(exclusiveKey, exclusive)
    else if (typeof exclusive === 'boolean' && (draft === 4 || draft === 'any')) {
      if (bound === undefined) throw new BuiltinError(`${exclusiveKey} cannot be used without ${key}`)
      if (!exclusive) continue
      schema.numbers.set(exclusiveKey, bound as RegoNumber)
      schema.numbers.delete(key)
    } else throw invalid(draft === 4 ? 'boolean' : draft === 'any' ? 'boolean/number' : 'number', exclusiveKey)
  }
}

function counts(schema: Schema, node: RegoObject): void {
  for (const key of COUNTS) {
    const value = node.get(key)
    if (value === undefined) continue
    const count = isNumber(value) ? toInt(value) : undefined
    if (count === undefined) throw new BuiltinError(`${key} must be of an integer`)
    if (count < 0) throw new BuiltinError(`${key} must be greater than or equal to 0`)
    schema.counts.set(key, count)
  }
  for (const what of ['Length', 'Properties']) {
    const [least, most] = [schema.counts.get(`min${what}`), schema.counts.get(`max${what}`)]
    if (least !== undefined && most !== undefined && least > most) {
      throw new BuiltinError(`min${what} cannot be greater than max${what}`)
    }
  }
}

/** A reference from a base; where the base is none, as it was written. */
function join(base: string, reference: string): string {
  if (reference.startsWith('#')) return base.split('#')[0]! + (reference === '#' ? '' : reference)
  const whole = URL.canParse(reference) ? reference : URL.canParse(reference, base) ? new URL(reference, base).href : reference
  return whole.replace(/#$/, '')
}
