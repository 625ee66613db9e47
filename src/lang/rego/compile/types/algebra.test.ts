import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareTypes, contains, or, orAll } from './algebra.ts'
import { diffText } from './diff.ts'
import { TypeReader } from './notation.ts'
import { isEmptyCollection, keysOf, select, valuesOf } from './select.ts'
import { typeText } from './text.ts'
import {
  ANY,
  anyIn,
  arrayOf,
  BOOLEAN,
  isUnknown,
  MAX_DEPTH,
  NULL,
  NUMBER,
  objectOf,
  STRING,
  setOf,
  type Type,
  type Unknown,
} from './type.ts'
import { unifies } from './unify.ts'

const type = (text: string): Type => new TypeReader(text).type()
const text = (of: Type | Unknown) => typeText(of)
const unify = (a: Type | Unknown, b: Type | Unknown) => unifies(a, b, { left: 10_000 })

/** Types of values, without functions. */
const types: fc.Arbitrary<Type> = fc.letrec<{ type: Type }>((tie) => {
  const dynamic = fc.option(fc.record({ key: tie('type'), value: tie('type') }), { nil: undefined })
  const keys = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 }).map((names) => names.sort())
  return {
    type: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<Type>(NULL, BOOLEAN, NUMBER, STRING, ANY),
      fc
        .tuple(fc.array(tie('type'), { maxLength: 2 }), fc.option(tie('type'), { nil: undefined }))
        .map(([items, rest]) => arrayOf(items, rest)),
      fc.tuple(keys, tie('type'), dynamic).map(([names, value, rest]) =>
        objectOf(
          names.map((key) => ({ key, value })),
          rest,
        ),
      ),
      tie('type').map(setOf),
      fc.array(tie('type'), { minLength: 1, maxLength: 3 }).map((of) => orAll(of)!),
    ),
  }
}).type

test('a type is written as it is read', () => {
  fc.assert(fc.property(types, (one) => assert.equal(text(type(text(one))), text(one))))
})

test('the order of types is total, and equal types are written the same', () => {
  fc.assert(
    fc.property(types, types, types, (a, b, c) => {
      assert.equal(Math.sign(compareTypes(a, b)), -Math.sign(compareTypes(b, a)) + 0)
      if (compareTypes(a, b) <= 0 && compareTypes(b, c) <= 0) assert.ok(compareTypes(a, c) <= 0)
      assert.equal(compareTypes(a, b) === 0, text(a) === text(b))
    }),
  )
})

test('a union has both of its types, whichever comes first, and many are joined as two by two', () => {
  fc.assert(
    fc.property(types, types, (a, b) => {
      assert.equal(text(or(a, b)), text(or(b, a)))
      assert.equal(text(or(a, a)), text(a))
      for (const one of [a, b]) assert.ok(one.kind === 'any' || contains(or(a, b), one))
    }),
  )
  fc.assert(
    fc.property(fc.array(types, { minLength: 8, maxLength: 12 }), (all) => {
      assert.equal(text(orAll(all)), text(all.reduce<Type | Unknown>(or, undefined)))
    }),
  )
})

test('what unifies does so from both sides, and everything with itself and with any', () => {
  fc.assert(
    fc.property(types, types, (a, b) => {
      assert.equal(unify(a, b), unify(b, a))
      assert.ok(unify(a, a))
      assert.ok(unify(a, ANY))
      assert.ok(unify(or(a, b), a))
    }),
  )
})

test('types unify where a value may be of both', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['number', 'string', false],
    ['any<number, string>', 'any<boolean, string>', true],
    ['array<number>', 'array<number, number>', false],
    ['array<number>[string]', 'array<number, string>', true],
    ['array<number>[string]', 'array<number, number>', false],
    ['object<a: number>', 'object<b: number>', false],
    ['object<a: number>[string: any]', 'object<b: number>', true],
    ['object<a: number>', 'object[string: string]', false],
    ['set[number]', 'set[string]', false],
    ['set', 'set[string]', true],
    ['set[any]', 'array[any]', false],
  ]
  for (const [a, b, answer] of cases) assert.equal(unify(type(a), type(b)), answer, `${a} and ${b}`)
  assert.equal(unify(undefined, ANY), false)
})

test('what is in a value is known by its type', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['array<number, string>[boolean]', 'number', 'any<boolean, number, string>'],
    ['object<a: number>[string: boolean]', 'string', 'any<boolean, number>'],
    ['set[any<number, string>]', 'any<number, string>', 'any<number, string>'],
    ['any<array[number], object<a: string>>', 'any<number, string>', 'any<number, string>'],
    ['any', 'any', 'any'],
    ['string', '???', '???'],
    ['object', '???', '???'],
  ]
  for (const [of, keys, values] of cases) {
    assert.equal(text(keysOf(type(of))), keys, of)
    assert.equal(text(valuesOf(type(of))), values, of)
  }
  assert.equal(text(select(type('object<a: number>[string: boolean]'), 'a')), 'number')
  assert.equal(text(select(type('object<a: number>[string: boolean]'), 'b')), 'boolean')
  assert.equal(select(type('object<a: number>'), 'b'), undefined)
  assert.equal(text(select(type('array<number>[string]'), 7)), 'string')
  assert.equal(select(type('array<number>'), -1), undefined)
  assert.equal(select(type('array<number>'), 0.5), undefined)
  assert.equal(text(select(type('set[any<number, string>]'), 'x')), 'string')
  assert.ok(isEmptyCollection(type('object')) && isEmptyCollection(type('array')) && isEmptyCollection(type('set')))
})

test('wide types are written with what they differ in', () => {
  const wide = (last: string) => type(`object<apple: array<number, string, boolean, object<deep: string>>, pear: number, plum: ${last}>`)
  assert.deepEqual(diffText(wide('string'), wide('number')), ['object<plum: string, ...>', 'object<plum: number, ...>'])
  assert.deepEqual(diffText(type('any<number, string>'), type('any<boolean, string>')), ['any<number, ...>', 'any<boolean, ...>'])
  assert.deepEqual(diffText(wide('string'), STRING), ['object<...>', 'string'])
})

test('types that share their parts cannot fill the memory, nor end the stack', () => {
  let wide: Type = STRING
  for (let level = 0; level < 100; level++) wide = arrayOf([wide, wide], undefined)
  assert.ok(text(wide).length < 2_000_000)
  let deep: Type = STRING
  for (let level = 0; level < 100_000; level++) deep = setOf(deep)
  assert.ok(text(deep).length < MAX_DEPTH * 10)
  assert.ok(unify(deep, deep))
  assert.equal(isUnknown(anyIn([setOf(undefined)])), false)
  assert.equal(isUnknown(arrayOf([anyIn([NUMBER, STRING]), undefined], undefined)), true)
})
