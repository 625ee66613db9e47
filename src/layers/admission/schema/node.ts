// A schema as it is written, taken into a shape of which the rest can be sure (JSONSchemaProps of apiextensions.k8s.io/v1). What Go would
// leave at its zero value is empty here; a field that Kubernetes does not know is ignored there, and so here.
import { isFields } from '../../../formats/kubernetes/object.ts'
import { isTooDeep } from './value.ts'

/** One rule of `x-kubernetes-validations`. */
export interface CelRule {
  readonly rule: string
  readonly message: string
  readonly messageExpression: string
  readonly reason: string | undefined
  readonly fieldPath: string
  readonly optionalOldSelf: boolean | undefined
}

export interface SchemaNode {
  /** Empty where there is none. */
  readonly type: string
  readonly format: string
  readonly pattern: string
  readonly nullable: boolean
  /** Never null. */
  readonly default: unknown
  readonly described: boolean
  readonly titled: boolean
  /** Has `externalDocs` or an `example`. */
  readonly documented: boolean
  readonly maximum: number | undefined
  readonly minimum: number | undefined
  readonly exclusiveMaximum: boolean
  readonly exclusiveMinimum: boolean
  readonly multipleOf: number | undefined
  readonly maxLength: number | undefined
  readonly minLength: number | undefined
  readonly maxItems: number | undefined
  readonly minItems: number | undefined
  readonly maxProperties: number | undefined
  readonly minProperties: number | undefined
  readonly uniqueItems: boolean
  readonly enum: readonly unknown[]
  readonly required: readonly string[]
  readonly items: SchemaNode | undefined
  /** `items` is there, but is no schema: nothing of it counts, yet it is not absent. */
  readonly emptyItems: boolean
  readonly properties: ReadonlyMap<string, SchemaNode>
  readonly additionalProperties: SchemaNode | boolean | undefined
  readonly allOf: readonly SchemaNode[]
  readonly anyOf: readonly SchemaNode[]
  readonly oneOf: readonly SchemaNode[]
  readonly not: SchemaNode | undefined
  readonly preserveUnknownFields: boolean | undefined
  readonly embeddedResource: boolean
  readonly intOrString: boolean
  readonly listType: string | undefined
  readonly listMapKeys: readonly string[]
  readonly mapType: string | undefined
  readonly rules: readonly CelRule[]
}

/** What is wrong, and where in the schema. */
export interface Problem {
  readonly path: string
  readonly text: string
}

/** Keywords of JSON Schema that a schema of Kubernetes may hold only while they are empty. */
const REFUSED: Readonly<Record<string, (value: unknown) => boolean>> = {
  id: (value) => value !== '',
  $schema: (value) => value !== '',
  $ref: () => true,
  patternProperties: (value) => !isFields(value) || Object.keys(value).length > 0,
  definitions: (value) => !isFields(value) || Object.keys(value).length > 0,
  dependencies: () => true,
  additionalItems: () => true,
}

const MAX_DEPTH = 200
const MAX_NODES = 100_000

/** The schema, with all that is wrong with the types of its fields. Deeper than 200 or more than 100,000 schemas are too many. */
export function readNode(document: unknown, at: string): { readonly node: SchemaNode; readonly problems: readonly Problem[] } {
  const reader = new Reader()
  return { node: reader.node(document, at, 0), problems: reader.problems }
}

class Reader {
  readonly problems: Problem[] = []
  #nodes = 0

  node(document: unknown, at: string, depth: number): SchemaNode {
    if (depth > MAX_DEPTH || ++this.#nodes > MAX_NODES) {
      if (this.#nodes <= MAX_NODES + 1) this.#fail(at, depth > MAX_DEPTH ? 'nested too deeply' : 'the schema is too large')
      return EMPTY
    }
    if (!isFields(document ?? {})) this.#fail(at, 'must be a schema')
    const fields = isFields(document) ? document : {}
    const get = (key: string) => (Object.hasOwn(fields, key) ? (fields[key] ?? undefined) : undefined)
    const take = <T>(key: string, what: string, is: (value: unknown) => boolean, none: T): T => {
      const value = get(key)
      if (value === undefined || is(value)) return (value as T | undefined) ?? none
      this.#fail(`${at}.${key}`, `must be ${what}`)
      return none
    }
    const text = <T>(key: string, none: T) => take<string | T>(key, 'a string', (value) => typeof value === 'string', none)
    const flag = <T>(key: string, none: T) => take<boolean | T>(key, 'a boolean', (value) => typeof value === 'boolean', none)
    const number = (key: string) => take<number | undefined>(key, 'a number', Number.isFinite, undefined)
    const count = (key: string) => take<number | undefined>(key, 'an integer', Number.isSafeInteger, undefined)
    const list = (key: string) => take<readonly unknown[]>(key, 'a list', Array.isArray, [])
    const texts = (key: string) =>
      list(key).map((value, index) => {
        if (typeof value !== 'string' && value !== null) this.#fail(`${at}.${key}[${index}]`, 'must be a string')
        return typeof value === 'string' ? value : ''
      })
    const schema = (key: string) => (get(key) === undefined ? undefined : this.node(get(key), `${at}.${key}`, depth + 1))
    const schemas = (key: string) => list(key).map((each, index) => this.node(each, `${at}.${key}[${index}]`, depth + 1))
    const properties = take('properties', 'a map', isFields, {})
    const additional = get('additionalProperties')
    const docs = take('externalDocs', 'a map', isFields, {})
    for (const key of ['description', 'url'])
      if (Object.hasOwn(docs, key) && typeof (docs[key as never] ?? '') !== 'string')
        this.#fail(`${at}.externalDocs.${key}`, 'must be a string')
    for (const [key, isRefused] of Object.entries(REFUSED)) {
      const value = get(key)
      if (value !== undefined && isRefused(value)) this.#fail(`${at}.${key}`, `${key} is not supported`)
    }
    for (const key of ['default', 'enum']) if (isTooDeep(get(key))) this.#fail(`${at}.${key}`, 'nested too deeply')
    const items = get('items')
    if (Array.isArray(items) && items.length > 0) this.#fail(`${at}.items`, 'items must be a schema object and not an array')
    return {
      type: text('type', ''),
      format: text('format', ''),
      pattern: text('pattern', ''),
      nullable: flag('nullable', false),
      default: get('default'),
      described: text('description', '') !== '',
      titled: text('title', '') !== '',
      documented: get('externalDocs') !== undefined || get('example') !== undefined,
      maximum: number('maximum'),
      minimum: number('minimum'),
      exclusiveMaximum: flag('exclusiveMaximum', false),
      exclusiveMinimum: flag('exclusiveMinimum', false),
      multipleOf: number('multipleOf'),
      maxLength: count('maxLength'),
      minLength: count('minLength'),
      maxItems: count('maxItems'),
      minItems: count('minItems'),
      maxProperties: count('maxProperties'),
      minProperties: count('minProperties'),
      uniqueItems: flag('uniqueItems', false),
      enum: list('enum'),
      required: texts('required'),
      items: isFields(items) ? schema('items') : undefined,
      emptyItems: items !== undefined && !isFields(items),
      properties: new Map(
        Object.entries(properties).map(([name, each]) => [name, this.node(each, `${at}.properties[${name}]`, depth + 1)]),
      ),
      additionalProperties:
        additional === undefined || isFields(additional)
          ? schema('additionalProperties')
          : flag('additionalProperties', undefined as boolean | undefined),
      allOf: schemas('allOf'),
      anyOf: schemas('anyOf'),
      oneOf: schemas('oneOf'),
      not: schema('not'),
      preserveUnknownFields: flag('x-kubernetes-preserve-unknown-fields', undefined),
      embeddedResource: flag('x-kubernetes-embedded-resource', false),
      intOrString: flag('x-kubernetes-int-or-string', false),
      listType: text('x-kubernetes-list-type', undefined),
      listMapKeys: texts('x-kubernetes-list-map-keys'),
      mapType: text('x-kubernetes-map-type', undefined),
      rules: list('x-kubernetes-validations').map((each, index) => this.#rule(each, `${at}.x-kubernetes-validations[${index}]`)),
    }
  }

  #rule(rule: unknown, at: string): CelRule {
    if (!isFields(rule ?? {})) this.#fail(at, 'must be a rule')
    const fields = isFields(rule) ? rule : {}
    const take = (key: string, type: 'string' | 'boolean') => {
      const value = Object.hasOwn(fields, key) ? (fields[key] ?? undefined) : undefined
      if (value === undefined || typeof value === type) return value
      this.#fail(`${at}.${key}`, `must be a ${type}`)
      return undefined
    }
    const text = (key: string) => (take(key, 'string') as string | undefined) ?? ''
    return {
      rule: text('rule'),
      message: text('message'),
      messageExpression: text('messageExpression'),
      reason: take('reason', 'string') as string | undefined,
      fieldPath: text('fieldPath'),
      optionalOldSelf: take('optionalOldSelf', 'boolean') as boolean | undefined,
    }
  }

  #fail(path: string, text: string): void {
    this.problems.push({ path, text })
  }
}

/** The schema that says nothing. */
const EMPTY: SchemaNode = readNode({}, '').node
