import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ThymusError } from '../../../core/errors.ts'
import { compileSchema } from './schema.ts'

const whole = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more })
const field = (schema: object) => compileSchema(whole({ a: schema }))
const texts = (schema: object, value: unknown) =>
  field(schema)
    .validate({ a: value })
    .map(({ text }) => text)

/** The place at which a schema is refused. */
function refusedAt(schema: unknown): string | undefined {
  try {
    compileSchema(schema)
    return undefined
  } catch (error) {
    assert.ok(error instanceof ThymusError && error.code === 'TEMPLATE', String(error))
    return error.at?.replace('openAPIV3Schema', '')
  }
}

const refusals: readonly (readonly [what: string, schema: object, at: string | undefined])[] = [
  ['a type', whole({ a: { type: 'text' } }), '.properties[a].type'],
  ['no type', whole({ a: {} }), '.properties[a].type'],
  ['no type, but whatever comes is kept', whole({ a: { 'x-kubernetes-preserve-unknown-fields': true } }), undefined],
  ['a root that is no object', { type: 'array', items: { type: 'string' } }, '.type'],
  ['a nullable root', whole({}, { nullable: true }), '.nullable'],
  ['a list without items', whole({ a: { type: 'array' } }), '.properties[a].items'],
  ['a list of schemas', whole({ a: { type: 'array', items: [{ type: 'string' }] } }), '.properties[a].items'],
  ['a field of another type', whole({ a: { type: 'string', maxLength: '3' } }), '.properties[a].maxLength'],
  ['a pattern', whole({ a: { type: 'string', pattern: '(?=a)' } }), '.properties[a].pattern'],
  ['unique items', whole({ a: { type: 'array', items: { type: 'string' }, uniqueItems: true } }), '.properties[a].uniqueItems'],
  ['a reference', whole({ a: { type: 'string', $ref: '#/a' } }), '.properties[a].$ref'],
  ['a type below a junctor', whole({ a: { type: 'string', anyOf: [{ type: 'string' }] } }), '.properties[a].anyOf[0].type'],
  ['a junctor about what is not described', whole({}, { not: { properties: { b: { minimum: 1 } } } }), '.properties[b]'],
  ['a number or a text', whole({ a: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] } }), undefined],
  ['the metadata of the whole', whole({ metadata: whole({ labels: { type: 'object' } }) }), '.properties[metadata]'],
  ['its name', whole({ metadata: whole({ name: { type: 'string', maxLength: 9 } }) }), undefined],
  ['properties and others', whole({ a: whole({ b: { type: 'string' } }, { additionalProperties: { type: 'string' } }) }), '.properties[a].additionalProperties'],
  ['a default that is invalid', whole({ a: { type: 'string', default: 1 } }), '.properties[a].default'],
  ['a default with a field too many', whole({ a: whole({}, { default: { b: 1 } }) }), '.properties[a].default'],
  ['keys of no list', whole({ a: { type: 'string', 'x-kubernetes-list-type': 'set' } }), '.properties[a].type'],
  ['keys that no item has', whole({ a: { type: 'array', items: whole({}), 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['b'] } }), '.properties[a].x-kubernetes-list-map-keys'],
  ['a rule of nothing', whole({ a: { type: 'string', 'x-kubernetes-validations': [{ rule: ' ' }] } }), '.properties[a].x-kubernetes-validations[0].rule'],
  ['a rule on a value of any type', whole({ a: { 'x-kubernetes-preserve-unknown-fields': true, 'x-kubernetes-validations': [{ rule: 'true' }] } }), '.properties[a].x-kubernetes-validations'],
  ['a place of a rule that there is not', whole({ a: whole({}, { 'x-kubernetes-validations': [{ rule: 'true', fieldPath: '.b' }] }) }), '.properties[a].x-kubernetes-validations[0].fieldPath'],
  ['other fields than it knows at the root', { type: 'object', additionalProperties: { type: 'string' } }, '.additionalProperties'],
  ['a key that may be null', whole({ a: { type: 'array', items: whole({ b: { type: 'string', nullable: true } }, { required: ['b'] }), 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['b'] } }), '.properties[a].items.properties[b].nullable'],
  ['a field that nobody knows', whole({ a: { type: 'string', kind: 'text' } }), undefined],
] // biome-ignore format: a table

for (const [what, schema, at] of refusals)
  test(`a schema with ${what} is ${at === undefined ? 'taken' : 'refused'}`, () => assert.equal(refusedAt(schema), at))

test('every problem of a schema is told, up to ten', () => {
  const schema = whole(Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`f${index}`, {}])))
  assert.throws(() => compileSchema(schema), /f0\]\.type: must not be empty.*f9\]\.type.*and 2 more$/)
})

const judged: readonly (readonly [schema: object, value: unknown, ...texts: string[]])[] = [
  [{ type: 'array', items: { type: 'string' } }, 'b', 'a in body must be of type array: "string"'],
  [{ type: 'array', items: { type: 'string' } }, ['b', 1], 'a[1] in body must be of type string: "integer"'],
  [{ type: 'string' }, null, 'a in body must be of type string: "null"'],
  [{ type: 'string', nullable: true }, null],
  [{ type: 'string', enum: ['b', 'c'] }, 'd', 'a in body should be one of [b c]'],
  [{ type: 'integer' }, 1.5, 'a in body must be of type integer: "number"', 'Checked value must be of type integer (default format) in a'],
  [{ type: 'integer', format: 'int32' }, 2 ** 31, 'Checked value must be of type integer with format int32 in a'],
  [{ type: 'integer', minimum: 2, exclusiveMinimum: true }, 2, 'a in body should be greater than 2'],
  [{ type: 'integer', maximum: 2 }, 3, 'a in body should be less than or equal to 2'],
  [{ type: 'integer', multipleOf: 3 }, 4, 'a in body should be a multiple of 3'],
  [{ type: 'string', maxLength: 1 }, '😀'],
  [{ type: 'string', maxLength: 1 }, '😀😀', 'a in body should be at most 1 chars long'],
  [{ type: 'string', pattern: '^b' }, 'ab', "a in body should match '^b'"],
  [{ type: 'string', format: 'ipv4' }, '1.2.3', 'a in body must be of type ipv4: "1.2.3"'],
  [{ type: 'string', format: 'nobody knows' }, '1.2.3'],
  [{ type: 'array', items: { type: 'string' }, maxItems: 1 }, ['b', 'c'], 'a in body should have at most 1 items'],
  [{ type: 'integer', maximum: 2, exclusiveMaximum: true }, 2, 'a in body should be less than 2'],
  [{ type: 'number', maximum: 1e20 }, 1, 'a in body should be less than or equal to -9223372036854775808'],
  [{ type: 'object', additionalProperties: false }, { b: 1 }, 'a.b in body is a forbidden property'],
  [{ type: 'number', enum: [1] }, 1.5],
  [{ 'x-kubernetes-int-or-string': true, enum: ['A'] }, 65],
  [{ type: 'string', nullable: true, enum: ['b'] }, null, 'a in body should be one of [b]'],
  [whole({}, { required: ['b'] }), {}, 'a.b in body is required'],
  [{ type: 'object', additionalProperties: { type: 'string' } }, { b: 1 }, 'a.b in body must be of type string: "integer"'],
  [{ type: 'integer', not: { enum: [1] } }, 1, '"a" must not validate the schema (not)'],
  [{ type: 'integer', oneOf: [{ minimum: 1 }, { maximum: 3 }] }, 2, '"a" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
  [{ type: 'integer', anyOf: [{ minimum: 5 }, { maximum: 1 }] }, 2, '"a" must validate at least one schema (anyOf)', 'a in body should be greater than or equal to 5'],
  [{ 'x-kubernetes-int-or-string': true }, true, 'a in body must be of type integer,string: "boolean"'],
] // biome-ignore format: a table

for (const [schema, value, ...wanted] of judged)
  test(`${JSON.stringify(value)} by ${JSON.stringify(schema)}`, () => assert.deepEqual(texts(schema, value), wanted))

test('a problem names the path of its field', () => {
  const schema = compileSchema(whole({ spec: whole({ repos: { type: 'array', items: { type: 'string' } } }) }))
  assert.deepEqual(schema.validate({ spec: { repos: [1] } }), [
    { path: 'spec.repos[0]', text: 'spec.repos[0] in body must be of type string: "integer"' },
  ])
})

test('members of a set and keys of a list are unique for the API server, not for Gatekeeper', () => {
  const items = whole({ k: { type: 'string' }, v: { type: 'string' } }, { required: ['k'] })
  const map = { type: 'array', items, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] }
  const set = { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' }
  const value = { map: [{ k: 'a' }, { k: 'b' }, { k: 'a', v: 'c' }], set: ['a', 'b', 'b', 'b'] }
  const paths = compileSchema(whole({ map, set })).validate(value).map(({ path }) => path) // biome-ignore format: short
  assert.deepEqual(paths, ['map[2]', 'set[2]'])
  assert.deepEqual(compileSchema(whole({ map, set }), { by: 'gatekeeper' }).validate(value), [])
})

test('an embedded object has a version, a kind, and metadata that are some', () => {
  const embedded = { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true }
  const paths = (a: unknown) => field(embedded).validate({ a }).map(({ path }) => path) // biome-ignore format: short
  assert.deepEqual(paths({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'b', labels: { c: 'd' } }, e: 1 }), [])
  assert.deepEqual(paths({}), ['a.apiVersion', 'a.kind'])
  assert.deepEqual(paths({ apiVersion: 'a/b/c', kind: 'a-', metadata: { name: 1 } }), ['a.apiVersion', 'a.kind', 'a.metadata'])
  const metadata = { name: 'b/c', namespace: 'D', labels: { '-': '-' }, annotations: { e: '-' } }
  assert.deepEqual(paths({ apiVersion: 'v1', kind: 'Pod', metadata }), [
    'a.metadata.name',
    'a.metadata.namespace',
    'a.metadata.labels',
    'a.metadata.labels',
  ])
})

test('for the API server a whole number is an integer, and bounds are cut to it; for Gatekeeper it is a float', () => {
  const half = whole({ a: { type: 'number', multipleOf: 0.5, minimum: 0.5 } })
  assert.equal(compileSchema(half).validate({ a: 1 }).length, 1)
  assert.equal(compileSchema(half).validate({ a: 0 }).length, 1) // the factor alone: 0 is not less than 0
  assert.deepEqual(compileSchema(half, { by: 'gatekeeper' }).validate({ a: 1 }), [])
})

test('unknown fields are told at every level, but not below what is kept, nor of the whole itself', () => {
  const kept = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { b: whole({}) } }
  const schema = compileSchema(
    whole({
      a: whole({ b: { type: 'string' } }),
      kept,
      list: { type: 'array', items: whole({}) },
      lists: { type: 'array', 'x-kubernetes-preserve-unknown-fields': true, items: whole({}) },
    }),
  )
  const value = {
    kind: 'A',
    metadata: { c: 1 },
    a: { b: 'c', d: 1 },
    kept: { e: 1, b: { f: 1 } },
    list: [{}, { g: 1 }],
    lists: [{ i: 1 }],
    h: 1,
  }
  assert.deepEqual(schema.unknownFields(value), ['a.d', 'h', 'kept.b.f', 'list[1].g'])
})

test('defaults fill what is missing, and nulls that are not allowed; the argument stays as it is', () => {
  const inner = whole({ c: { type: 'integer', default: 7 } }, { default: {} })
  const schema = compileSchema(
    whole({
      inner,
      text: { type: 'string', default: 'b' },
      open: { type: 'string', nullable: true, default: 'c' },
      bare: { type: 'string' },
    }),
  )
  const value = Object.freeze({ text: null, open: null, bare: null })
  assert.deepEqual(schema.withDefaults(value), { text: 'b', open: null, inner: { c: 7 } })
  assert.notEqual((schema.withDefaults({}) as { inner: object }).inner, (schema.withDefaults({}) as { inner: object }).inner)
})

test('rules are kept, and evaluated by whom it is given to', () => {
  const rule = { rule: 'self > 1', message: 'too small' }
  const schema = whole({ a: { type: 'array', items: { type: 'integer', 'x-kubernetes-validations': [rule] } } })
  assert.deepEqual(compileSchema(schema).notEvaluated, ['openAPIV3Schema.properties[a].items.x-kubernetes-validations[0]'])
  const evaluated = compileSchema(schema, { evaluate: ({ message }, self) => ((self as number) > 1 ? undefined : message) })
  assert.deepEqual(evaluated.notEvaluated, [])
  assert.deepEqual(evaluated.validate({ a: [2, 1] }), [{ path: 'a[1]', text: 'too small' }])
  assert.equal(evaluated.validate({ a: [2, 'b'] })[0]?.text, 'a[1] in body must be of type integer: "string"')
})
