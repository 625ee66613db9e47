// Schemas and values that somebody made to do harm: they end in time, by an error with a code, and touch nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../../core/errors.ts'
import { compileSchema } from './schema.ts'

const nested = (levels: number, open: string, close: string, core: string) => JSON.parse(open.repeat(levels) + core + close.repeat(levels))
const isTemplateError = (error: unknown) => error instanceof ThymusError && error.code === 'TEMPLATE'
const whole = (a: unknown) => ({ type: 'object', properties: { a } })

test('schemas that are nested too deeply are refused', () => {
  for (const [open, close] of [['{"type":"object","properties":{"a":', '}}'], ['{"not":', '}'], ['{"allOf":[', ']}']] as const)
    assert.throws(() => compileSchema(whole(nested(5000, open, close, '{}'))), isTemplateError) // biome-ignore format: short
  for (const key of ['default', 'enum']) {
    const schema = { 'x-kubernetes-preserve-unknown-fields': true, [key]: nested(20_000, '[', ']', '') }
    assert.throws(() => compileSchema(whole(schema)), /nested too deeply/)
  }
})

test('a schema of too many schemas is refused', () => {
  const properties = Object.fromEntries(Array.from({ length: 100_001 }, (_, index) => [`a${index}`, { type: 'string' }]))
  assert.throws(() => compileSchema({ type: 'object', properties }), /the schema is too large/)
})

test('a value that is nested too deeply is a problem', () => {
  const schema = compileSchema(whole({ 'x-kubernetes-preserve-unknown-fields': true }))
  const value = { a: nested(50_000, '[', ']', '') }
  assert.deepEqual(schema.validate(value), [{ path: '', text: 'nested too deeply' }])
  for (const ask of [schema.unknownFields, schema.withDefaults])
    assert.throws(() => ask(value), (error) => error instanceof ThymusError && error.code === 'CONSTRAINT') // biome-ignore format: short
})

test('large sets, enums and lists take time in proportion; at most 100 problems are told', () => {
  const count = 100_000
  const members = Array.from({ length: count }, (_, index) => `m${index}`)
  const started = performance.now()
  const set = compileSchema(whole({ type: 'array', items: { type: 'string', enum: members }, 'x-kubernetes-list-type': 'set' }))
  assert.deepEqual(set.validate({ a: members }), [])
  assert.equal(set.validate({ a: members.map((each) => `${each}x`) }).length, 100)
  const values = { type: 'array', items: { type: 'object', 'x-kubernetes-map-type': 'atomic' }, 'x-kubernetes-list-type': 'set' }
  assert.equal(compileSchema(whole(values)).validate({ a: members.map(() => ({})) }).length, 1)
  assert.ok(performance.now() - started < 10_000)
})

test('what a problem quotes is cut', () => {
  const long = 'a'.repeat(1_000_000)
  const texts = { format: { format: 'date' }, pattern: { pattern: `b|b${long}` }, enum: { enum: [`b${long}`] } }
  for (const schema of Object.values(texts)) {
    const [problem] = compileSchema(whole({ type: 'string', ...schema })).validate({ a: long })
    assert.equal(problem?.text.length, 2001)
  }
})

test('a pattern that takes other engines for ever takes time in proportion', () => {
  const schema = compileSchema(whole({ type: 'string', pattern: '^(a+)+$' }))
  assert.equal(schema.validate({ a: `${'a'.repeat(20_000)}!` }).length, 1)
  assert.throws(() => compileSchema(whole({ type: 'string', pattern: '((a{1000}){1000}){1000}' })), isTemplateError)
})

test('names of the prototype are names like others', () => {
  const value = JSON.parse('{"__proto__":{"b":1},"constructor":{},"toString":"c"}')
  const closed = compileSchema({ type: 'object', properties: {}, required: ['valueOf'] })
  assert.deepEqual(closed.unknownFields(value), ['__proto__', 'constructor', 'toString'])
  assert.equal(closed.validate({}).length, 1)
  const open = compileSchema(
    JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"object","properties":{"b":{"type":"string"},"c":{"type":"string","default":"d"}}}}}',
    ),
  )
  assert.equal(open.validate(value)[0]?.path, '__proto__.b')
  const filled = open.withDefaults(value) as object
  assert.equal(JSON.stringify(filled), '{"__proto__":{"b":1,"c":"d"},"constructor":{},"toString":"c"}')
  assert.equal(Object.getPrototypeOf(filled), Object.prototype)
  assert.equal(({} as { b?: unknown }).b, undefined)
})

test('whatever JSON is given, there is a schema or an error with a code, and an answer', () => {
  const keywords = ['type', 'properties', 'items', 'enum', 'default', 'allOf', 'not', 'required', 'format', 'additionalProperties']
  const key = fc.oneof(fc.constantFrom(...keywords), fc.string())
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom('object', 'string', null, 1, true),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
    ),
  }))
  const ask = (document: unknown, value: unknown) => {
    try {
      const schema = compileSchema(document)
      schema.validate(value)
      schema.unknownFields(value)
      schema.withDefaults(value)
    } catch (error) {
      if (!(error instanceof ThymusError)) throw error
    }
  }
  fc.assert(fc.property(tree, fc.jsonValue(), (document, value) => {
    ask(document, value)
    ask({ 'x-kubernetes-preserve-unknown-fields': true, ...(document as object), type: 'object' }, value)
  }), { numRuns: 2000 }) // biome-ignore format: short
})
