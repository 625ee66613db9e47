import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseModule } from '../../syntax/module.ts'
import { readJson } from '../../values/text.ts'
import { compileModules } from '../compile.ts'
import { typesOf } from '../typed.ts'
import { compareTypes } from './algebra.ts'
import { SchemaFault, typeOfSchema } from './schema.ts'
import { typeText } from './text.ts'
import { unifies } from './unify.ts'

const typeOf = (schema: unknown) => typeOfSchema(readJson(JSON.stringify(schema)))
const text = (schema: unknown) => typeText(typeOf(schema))

/** Each level asks twice for the next. */
function doubling(): object {
  const all = (n: number) => ({ allOf: [{ $ref: `#/definitions/d${n}` }] })
  const level = (_: unknown, n: number) => [`d${n}`, n === 40 ? {} : { properties: { a: all(n + 1), b: all(n + 1) } }]
  return { ...all(0), definitions: Object.fromEntries(Array.from({ length: 41 }, level)) }
}

test('a schema says what its values are', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{}, 'any'],
    [true, 'any'],
    [{ type: 'integer' }, 'number'],
    [{ type: ['string', 'null'] }, 'string'],
    [{ type: 'object' }, 'object[any: any]'],
    [{ type: 'array' }, 'array[any]'],
    [{ properties: { b: { type: 'string' }, a: {} } }, 'object<a: any, b: string>'],
    [{ items: { type: 'boolean' } }, 'array[boolean]'],
    [{ items: [{ type: 'boolean' }, {}] }, 'array<boolean, any>'],
    [{ anyOf: [{ type: 'string' }, { type: 'number' }] }, 'any<number, string>'],
    [
      { type: 'object', properties: { a: {} }, anyOf: [{ properties: { b: {} } }, { properties: { c: {} } }] },
      'any<object<a: any>, object<b: any>, object<c: any>>',
    ],
    [{ allOf: [{ properties: { a: { type: 'string' } } }, { properties: { b: {} } }] }, 'object<a: string, b: any>'],
    [{ type: 'object', properties: { c: {} }, allOf: [{ properties: { a: {} } }] }, 'object<a: any, c: any>'],
    [{ $ref: '#/definitions/x~1y', definitions: { 'x/y': { type: 'string' } } }, 'string'],
    [{ $id: 'http://x/', items: { $ref: 'http://x/#/definitions/a' }, definitions: { a: { type: 'number' } } }, 'array[number]'],
    [
      { properties: { n: { $ref: '#/definitions/n' } }, definitions: { n: { properties: { next: { $ref: '#/definitions/n' } } } } },
      'object<n: object<next: recursive(#/definitions/n)>>',
    ],
    [
      {
        allOf: [{ $ref: '#/definitions/b' }],
        definitions: { b: { properties: { next: { $ref: '#/definitions/n' } } }, n: { allOf: [{ $ref: '#/definitions/b' }] } },
      },
      'object<next: object<next: recursive(#/definitions/n)>>',
    ],
  ]
  for (const [schema, type] of cases) assert.equal(text(schema), type, JSON.stringify(schema))
})

test('what is no schema, or of two types at once, is refused', () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [1, /valid schema/],
    [{ type: 'text' }, /NOT VALID/],
    [{ properties: [] }, /type object/],
    [{ $ref: '#/definitions/a' }, /no key 'definitions'/],
    [{ $ref: 'http://elsewhere/x' }, /remote reference loading disabled/],
    [{ allOf: [{ type: 'string' }, { type: 'number' }] }, /type mismatch: string and number/],
    [{ type: 'object', allOf: [{ type: 'string' }] }, /unable to merge/],
    [{ allOf: [{ $ref: '#' }] }, /leads back to itself/],
    [doubling(), /too many schemas/],
  ]
  for (const [schema, why] of cases) assert.throws(() => typeOf(schema), { message: why, constructor: SchemaFault })
})

test('schemas that hold themselves can be compared', () => {
  const list = (kind: string) => ({
    $ref: '#/definitions/l',
    definitions: { l: { properties: { value: { type: kind }, left: { $ref: '#/definitions/l' }, right: { $ref: '#/definitions/l' } } } },
  })
  assert.equal(compareTypes(typeOf(list('string')), typeOf(list('string'))), 0)
  assert.notEqual(compareTypes(typeOf(list('string')), typeOf(list('number'))), 0)
  assert.equal(unifies(typeOf(list('string')), typeOf(list('string')), { left: 1e6 }), true)
  assert.equal(unifies(typeOf(list('string')), typeOf(list('number')), { left: 1e6 }), false)
})

test('no schema makes it throw anything else, or hang', () => {
  const keys = fc.constantFrom('type', 'properties', 'items', 'anyOf', 'allOf', '$ref', 'definitions', 'a')
  const schemas = fc.letrec((tie) => ({
    schema: fc.oneof(
      { depthSize: 'medium' },
      fc.constantFrom<unknown>('object', '#', '#/a', '#/definitions/a', true, null, 1),
      fc.dictionary(keys, tie('schema'), { maxKeys: 4 }),
      fc.array(tie('schema'), { maxLength: 3 }),
    ),
  })).schema
  fc.assert(
    fc.property(schemas, (schema) => {
      try {
        text(schema)
      } catch (error) {
        if (!(error instanceof SchemaFault)) throw error
      }
    }),
    { numRuns: 1000 },
  )
  const wide = {
    definitions: Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [
        `d${n}`,
        { items: [{ $ref: `#/definitions/d${n + 1}` }, { $ref: `#/definitions/d${n + 1}` }] },
      ]),
    ),
  }
  assert.ok(text({ $ref: '#/definitions/d0', definitions: { ...wide.definitions, d40: {} } }).length < 2_000_000)
})

/** Faults of package t with what its annotations say. */
function faults(rule: string, schemas: readonly string[], documents?: Readonly<Record<string, unknown>>): readonly string[] {
  const module = parseModule('t.rego', ['package t', '# METADATA', '# schemas:', ...schemas.map((one) => `# - ${one}`), rule].join('\n'), {
    annotations: true,
  })
  const given = documents && new Map(Object.entries(documents).map(([name, schema]) => [name, readJson(JSON.stringify(schema))]))
  return typesOf(compileModules([module]), given).faults.map(({ message, at }) => `${at?.row ?? '-'}: ${message}`)
}

test('a rule knows the documents that its annotations describe', () => {
  const named = 'input: {properties: {a: {properties: {b: {type: string}}}}}'
  assert.deepEqual(faults('p if input.a.c', [named]), ['5: undefined ref: input.a.c'])
  assert.deepEqual(faults('p if input.a.b == 1', [named]), ['5: match error'])
  assert.deepEqual(faults('p if input.a.b == "x"', [named]), [])
  assert.deepEqual(faults('p if input.a.b == 1', [named, 'input.a.b: {type: number}']), [])
  assert.deepEqual(faults('p if data.x.y > startswith(data.x.y, 1)', ['data.x.y: {type: array}']), ['5: startswith: invalid argument(s)'])
  assert.deepEqual(faults('p if input.a', ['input: {type: nothing}']).length, 1)
})

test('schemas are named where they are given apart, and that of input is known to all rules', () => {
  const pod = { properties: { name: { type: 'string' } } }
  assert.deepEqual(faults('p if input.nam', ['input: schema.pod'], { 'schema.pod': pod }), ['5: undefined ref: input.nam'])
  assert.deepEqual(faults('p if input.nam', ['input: schema.other'], { 'schema.pod': pod }), ['5: undefined schema: schema.other'])
  assert.deepEqual(faults('p if input.nam', ['input: schema.pod']), [])
  assert.deepEqual(faults('p if input.nam', ['data.x: {}'], { schema: pod }), ['5: undefined ref: input.nam'])
  assert.deepEqual(faults('p if input.nam', ['data.x: {}'], { schema: 5 }), [
    '-: unable to compile the schema: Invalid type. Expected: valid schema',
  ])
})
