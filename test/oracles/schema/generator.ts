// Schemas and objects that a seed decides: most are near what Kubernetes takes, so that both answers are common.
import type { Random } from '../../kit/random.ts'

type Json = unknown
type Fields = Record<string, Json>

const NAMES = ['a', 'b', 'c', 'metadata', 'kind', 'name', '__proto__', 'toString', 'x.y']
const TYPES = ['string', 'integer', 'number', 'boolean', 'array', 'object']
/** Known or not, for texts or for numbers. */
const FORMATS = [
  'date', 'date-time', 'duration', 'byte', 'uuid', 'uuid3', 'uuid4', 'uuid5', 'ipv4', 'ipv6', 'cidr', 'mac', 'uri', 'email', 'hostname',
  'int32', 'int64', 'float', 'double', 'password', 'bsonobjectid', 'isbn', 'isbn10', 'isbn13', 'creditcard', 'ssn', 'hexcolor',
  'rgbcolor', 'k8s-short-name', 'k8s-long-name', 'quantity', 'unknown', 'float64', 'datetime',
] as const // biome-ignore format: a table
const PATTERNS = ['^a', 'b+$', '^[a-z]{1,3}$', '[', '(?=a)', '\\p{L}', '^$', 'a|b', '.']
export const TEXTS = [
  '', 'a', 'b', 'ab', 'abc', 'A', '1', 'é', '😀😀', 'true', '2020-02-29', '2021-02-29', '2020-01-01T10:00:00Z', '2020-01-01t10:00:00.5+01:00',
  '1h', '1.5h', '3 days', '-2s', '10.0.0.1', '010.0.0.1', '::1', '::ffff:1.2.3.4', '10.0.0.0/8', 'fe80::/64', '00:11:22:33:44:55',
  'http://a/b', '/x', 'a@b.example', 'example.com', '-a', 'YQ==', 'YQ=', '6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'rgb(1,2,3)', '#fff',
  '978-0321751041', '0321751043', '4111 1111 1111 1111', '111-11-1111', '507f1f77bcf86cd799439011', 'a.b',
] // biome-ignore format: a table
const NUMBERS = [0, 1, -1, 2, 3, 5, 10, 65, 97, 1.5, 2.5, -0.5, 0.1, 1e-7, 3000000000, -3000000000, 9007199254740991, 1e39, 1e300]
const COUNTS = [0, 1, 2, 3, 5]
const LIST_TYPES = ['set', 'map', 'atomic']

export class Cases {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  /** A schema for a whole object; now and then one that is none. */
  root(): Json {
    if (this.#chance(200))
      return this.#of<Json>([{}, { type: 'array' }, { type: 'object', additionalProperties: true }, { properties: {} }])
    const root: Fields = { ...this.#object(4), type: 'object' }
    if (this.#chance(95)) delete root.additionalProperties
    if (this.#chance(100)) root.nullable = true
    return root
  }

  /** A schema of a field. */
  schema(depth: number): Json {
    if (this.#chance(150)) return this.#of<Json>([{}, null, [], 'text', { type: 7 }, { type: 'null' }, { type: 'text' }])
    const schema = this.#typed(depth)
    if (this.#chance(8)) schema.nullable = true
    if (this.#chance(6)) schema.default = this.#chance(8) ? this.value(2) : this.fitting(schema, 3)
    if (depth > 0 && this.#chance(6)) this.#addJunctor(schema, depth)
    if (this.#chance(40)) schema.enum = this.#some(() => this.fitting(schema, 1), 3)
    if (this.#chance(40)) schema.description = 'text'
    if (this.#chance(150))
      schema[
        this.#of([
          'title',
          '$ref',
          'id',
          '$schema',
          'uniqueItems',
          'patternProperties',
          'definitions',
          'dependencies',
          'additionalItems',
          'externalDocs',
          'example',
          'unknown',
        ])
      ] = this.#of<Json>(['text', true, {}, { a: {} }])
    if (this.#chance(150)) schema['x-kubernetes-validations'] = [this.#rule()]
    return schema
  }

  #typed(depth: number): Fields {
    const pick = this.#random.below(20)
    if (pick === 0) return { 'x-kubernetes-preserve-unknown-fields': !this.#chance(20) }
    if (pick === 1) return this.#intOrString()
    const type = this.#of(depth > 0 ? TYPES : TYPES.slice(0, 4))
    if (type === 'object') return this.#object(depth - 1)
    if (type === 'array') return this.#array(depth - 1)
    const schema: Fields = { type }
    this.#addChecks(schema, type)
    return schema
  }

  #intOrString(): Fields {
    const pattern = [{ type: 'integer' }, { type: 'string' }]
    const more = this.#of<Fields>([
      {},
      {},
      { anyOf: pattern },
      { allOf: [{ anyOf: pattern }, { minimum: 1 }] },
      { type: 'string' },
      { format: this.#of(FORMATS) },
      { pattern: '^a' },
    ])
    return { 'x-kubernetes-int-or-string': true, ...more }
  }

  #object(depth: number): Fields {
    const schema: Fields = { type: 'object' }
    if (this.#chance(3)) schema['x-kubernetes-preserve-unknown-fields'] = !this.#chance(50)
    if (this.#chance(4)) schema.additionalProperties = this.#chance(4) ? this.#of([true, false]) : this.schema(depth)
    else {
      const names = this.#some(() => this.#of(NAMES.slice(0, this.#chance(3) ? NAMES.length : 3)), 4)
      schema.properties = fields(
        names.map((name) => [name, name === 'metadata' && !this.#chance(4) ? { type: 'object' } : this.schema(depth)]),
      )
    }
    if (this.#chance(20)) {
      schema['x-kubernetes-embedded-resource'] = true
      if (!this.#chance(3)) schema.properties = { a: this.schema(0), apiVersion: { type: 'string' } }
      if (this.#chance(2)) delete schema.additionalProperties
    }
    // Never empty: an empty list is another one than none where Go compares the metadata of the whole with what it may be.
    if (this.#chance(5)) schema.required = [this.#of(NAMES), ...this.#some(() => this.#of(NAMES), 1)]
    if (this.#chance(15)) schema.minProperties = this.#of(COUNTS)
    if (this.#chance(15)) schema.maxProperties = this.#of(COUNTS)
    if (this.#chance(15)) schema['x-kubernetes-map-type'] = this.#of(['atomic', 'granular', 'atomic', 'text'])
    return schema
  }

  #array(depth: number): Fields {
    const schema: Fields = { type: 'array', items: this.schema(depth) }
    if (this.#chance(60)) schema.items = this.#of<Json>([[], [{}], true, undefined])
    if (this.#chance(8)) schema.minItems = this.#of(COUNTS)
    if (this.#chance(8)) schema.maxItems = this.#of(COUNTS)
    if (this.#chance(4)) {
      schema['x-kubernetes-list-type'] = this.#of(LIST_TYPES)
      if (schema['x-kubernetes-list-type'] === 'map') {
        const keys = this.#some(() => this.#of(['a', 'b', 'c']), 2)
        if (keys.length === 0) keys.push('a')
        const properties = fields(['a', 'b', 'c'].map((name) => [name, { type: this.#of(['string', 'integer']) }]))
        schema['x-kubernetes-list-map-keys'] = keys
        schema.items = {
          type: 'object',
          properties,
          ...(this.#chance(10) ? {} : { required: keys }),
          ...(this.#chance(10) ? { nullable: true } : {}),
        }
      }
    }
    return schema
  }

  #addChecks(schema: Fields, type: string): void {
    const text = type === 'string' || this.#chance(30)
    if (this.#chance(3)) schema.format = this.#of(FORMATS)
    if (text && this.#chance(5)) schema.pattern = this.#of(PATTERNS.filter((each) => each !== '[' || this.#chance(3)))
    if (text && this.#chance(8)) schema.minLength = this.#of(COUNTS)
    if (text && this.#chance(8)) schema.maxLength = this.#of(this.#chance(30) ? [1.5, '1', -1] : COUNTS)
    if (text && this.#chance(3)) return
    for (const [bound, exclusive] of [
      ['minimum', 'exclusiveMinimum'],
      ['maximum', 'exclusiveMaximum'],
    ] as const) {
      if (this.#chance(6)) schema[bound] = this.#of(NUMBERS)
      if (this.#chance(12)) schema[exclusive] = true
    }
    if (this.#chance(8)) schema.multipleOf = this.#of([1, 2, 0.5, 0.1, 1.5, 3, 0, -1])
  }

  /** Says more of what a schema describes, now and then what it may not. */
  #addJunctor(schema: Fields, depth: number): void {
    const junctor = this.#of(['allOf', 'anyOf', 'oneOf', 'not'])
    const more = () => this.#more(schema, depth)
    schema[junctor] = junctor === 'not' ? more() : this.#some(more, 3)
  }

  #more(described: Fields, depth: number): Json {
    const schema: Fields = {}
    this.#addChecks(schema, String(described.type))
    if (this.#chance(4)) schema.required = this.#some(() => this.#of(NAMES), 2)
    if (this.#chance(60)) schema.additionalProperties = this.#of<Json>([false, true, {}])
    if (this.#chance(80))
      Object.assign(
        schema,
        this.#of<Fields>([{ type: 'string' }, { nullable: true }, { default: 1 }, { items: {} }, { description: 'text' }]),
      )
    if (this.#chance(8)) schema.enum = this.#some(() => this.fitting(described, 1), 3)
    const properties = described.properties as Fields | undefined
    if (isFields(properties) && this.#chance(2)) {
      const names = Object.keys(properties).filter((name) => (name !== 'metadata' || this.#chance(20)) && this.#chance(2))
      schema.properties = fields(names.map((name) => [name, this.#more(isFields(properties[name]) ? properties[name] : {}, depth - 1)]))
    }
    if (isFields(described.items) && this.#chance(3)) schema.items = this.#more(described.items, depth - 1)
    if (depth > 0 && this.#chance(5)) this.#addJunctor(schema, depth - 1)
    return schema
  }

  #rule(): Json {
    return this.#of<Json>([
      { rule: 'true' }, { rule: '' }, { rule: 'true', message: ' ' }, { rule: 'true', reason: 'FieldValueInvalid' }, { rule: 'true', reason: 'text' },
      { rule: 'true', fieldPath: '.a' }, { rule: 'true', fieldPath: 'a' }, { rule: 'true', fieldPath: ".a['b']" }, { rule: 'true\n', message: '' }, { rule: 'true\n&& true' },
    ]) // biome-ignore format: a table
  }

  /** A constraint of kind Thing for the schema of its parameters. */
  constraint(parameters: Json): Json {
    const text = () => this.#of(['a', 'All', 'Generated', '*', 'kube-*', 'A', '*a*b', 'In', 'x'.repeat(64)])
    const list = () => this.#some(() => (this.#chance(8) ? this.value(1) : text()), 2)
    const selector = () => ({ matchLabels: { a: text() }, matchExpressions: [{ key: 'a', operator: 'In', values: list() }] })
    const match: Fields = {}
    for (const name of ['excludedNamespaces', 'namespaces']) if (this.#chance(4)) match[name] = list()
    for (const name of ['name', 'scope', 'source']) if (this.#chance(4)) match[name] = text()
    for (const name of ['labelSelector', 'namespaceSelector'])
      if (this.#chance(4)) match[name] = this.#chance(4) ? this.value(2) : selector()
    if (this.#chance(3)) match.kinds = [this.#chance(5) ? this.value(1) : { apiGroups: list(), kinds: list() }]
    if (this.#chance(15)) match[this.#of(['kind', '__proto__', 'labelSelectors'])] = this.value(1)
    const spec: Fields = this.#chance(2) ? { match } : {}
    if (!this.#chance(5)) spec.parameters = this.fitting(parameters, 4)
    if (this.#chance(5)) spec.enforcementAction = this.#chance(5) ? this.value(1) : 'warn'
    if (this.#chance(8))
      spec.scopedEnforcementActions = this.#chance(3) ? this.value(2) : [{ action: 'deny', enforcementPoints: [{ name: 'a' }] }]
    if (this.#chance(30)) spec.parameter = this.value(1)
    const metadata = { name: this.#chance(20) ? 'x'.repeat(64) : 'a', labels: { a: 'b' } }
    const status = this.#chance(10) ? { status: this.value(2) } : {}
    return { apiVersion: 'constraints.gatekeeper.sh/v1beta1', kind: 'Thing', metadata, spec, ...status }
  }

  /** A value that has a good chance to follow a schema. */
  fitting(schema: Json, depth: number): Json {
    if (!isFields(schema) || this.#chance(15)) return this.value(depth)
    const { type } = schema
    if (schema.nullable === true && this.#chance(6)) return null
    if (Array.isArray(schema.enum) && schema.enum.length > 0 && !this.#chance(4)) return this.#of(schema.enum as Json[])
    if (type === 'string') return this.#of(TEXTS)
    if (type === 'integer') return this.#of(NUMBERS.filter(Number.isInteger))
    if (type === 'number') return this.#of(NUMBERS)
    if (type === 'boolean') return this.#of([true, false])
    if (depth <= 0) return type === 'object' ? {} : type === 'array' ? [] : this.value(0)
    if (type === 'array') return this.#some(() => this.fitting(schema.items, depth - 1), 3)
    if (type !== 'object') return this.value(depth)
    const entries: [string, Json][] = []
    if (schema['x-kubernetes-embedded-resource'] === true) {
      entries.push(['apiVersion', this.#of(['v1', 'a/b', 'a/b/c', ''])], ['kind', this.#of(['A', 'a-', 'Pod'])])
      if (this.#chance(2)) entries.push(['metadata', this.#metadata()])
    }
    if (isFields(schema.properties))
      for (const [name, each] of Object.entries(schema.properties))
        if (!this.#chance(4)) entries.push([name, this.fitting(each, depth - 1)])
    if (isFields(schema.additionalProperties))
      for (const name of this.#some(() => this.#of(NAMES), 3)) entries.push([name, this.fitting(schema.additionalProperties, depth - 1)])
    if (this.#chance(8)) entries.push([this.#of(NAMES), this.value(depth - 1)])
    return fields(entries)
  }

  #metadata(): Json {
    const name = () => this.#of(['a', '.', 'a/b', '100%', 'A', 'a.b', '', 'x'.repeat(64)])
    const names = () =>
      this.#some(() => [this.#of(['a', 'A/b', 'a.b/c', '/', 'a/b/c', '-']), this.#chance(8) ? this.value(1) : name()] as const, 2)
    const all = [
      ['name', name()],
      ['generateName', name()],
      ['namespace', name()],
      ['labels', fields(names())],
      ['annotations', fields(names())],
    ] as const
    return fields(all.filter(() => this.#chance(3)))
  }

  /** Any value. */
  value(depth: number): Json {
    const pick = this.#random.below(depth > 0 ? 8 : 6)
    if (pick === 0) return null
    if (pick === 1) return this.#of([true, false])
    if (pick < 4) return this.#of(TEXTS)
    if (pick < 6) return this.#of(NUMBERS)
    if (pick === 6) return this.#some(() => this.value(depth - 1), 3)
    return fields(this.#some(() => this.#of(NAMES), 3).map((name) => [name, this.value(depth - 1)]))
  }

  #chance(oneIn: number): boolean {
    return this.#random.below(oneIn) === 0
  }

  #of<T>(items: readonly T[]): T {
    return items[this.#random.below(items.length)] as T
  }

  #some<T>(make: () => T, below: number): T[] {
    return Array.from({ length: this.#random.below(below + 1) }, make)
  }
}

export const isFields = (value: Json): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
/** Names may be those of Object's prototype. */
const fields = (entries: readonly (readonly [string, Json])[]): Fields => Object.fromEntries(entries)

export const STRING_FORMATS = FORMATS.filter((format) => !/^(?:u?int|float|double)/.test(format))

/** A text with some characters changed, added or taken away: near what it was. */
export function mutated(text: string, random: Random): string {
  const characters = [...text]
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(characters.length + 1)
    characters.splice(at, random.below(2), ...(random.below(3) === 0 ? [] : [random.of(CHARACTERS)]))
  }
  return characters.join('')
}

const CHARACTERS = [
  ...'aAzfFgx019 \t\n-_.:;,/?#%@[]()<>"\\=+&*~^|{}\'TtZzsmhµéß😀\u00a0\x7f',
  '::',
  '%20',
  '25',
  '00',
  '@b',
  '=?utf-8?q?a?=',
  '=?x?q?a?=',
  ' <a@b>',
  '(c)',
]
