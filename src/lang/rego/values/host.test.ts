import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../../core/errors.ts'
import { fromHost, toHost, viewOfHost } from './host.ts'
import { encoded } from './key.ts'
import { compare, equal } from './order.ts'
import { printJson } from './text.ts'
import { isPlain, RegoObject } from './value.ts'

const refused = (host: unknown) =>
  assert.throws(
    () => fromHost(host),
    (error) => error instanceof ThymusError && error.code === 'FORMAT',
  )

test('what JSON can say comes back as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const read = fromHost(JSON.parse(JSON.stringify(value)))
      assert.equal(printJson(fromHost(toHost(read))), printJson(read))
    }),
  )
})

test('integers of any size keep their digits', () => {
  assert.equal(printJson(fromHost(18446744073709551617n)), '18446744073709551617')
  assert.equal(toHost(fromHost(18446744073709551617n)), 18446744073709551617n)
})

test('maps and sets have members of any kind', () => {
  assert.equal(printJson(fromHost(new Set([1, 1, 'a']))), '[1,"a"]')
  assert.equal(printJson(fromHost(new Map([[1, 2]]))), '{"1":2}')
})

test('no key reaches a prototype', () => {
  const value = fromHost(JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}'))
  assert.ok(value instanceof RegoObject && value.has('__proto__'))
  const host = toHost(value) as Record<string, unknown>
  assert.equal(Object.getPrototypeOf(host), null)
  assert.equal(({} as Record<string, unknown>).polluted, undefined)
})

test('names of any kind and number are those of the object, in time that does not grow with its depth', () => {
  const names = ['a', '', '\0', '\0s', '\ud800', '1', '__proto__']
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`n${at}`, at]))
  for (const host of [many, { ...many, '\0': 1 }, Object.fromEntries(names.map((name) => [name, 1])), { a: 1, b: undefined }]) {
    const value = fromHost(host) as RegoObject
    const wanted = Object.entries(host).flatMap(([name, each]) => (each === undefined ? [] : [[name.toWellFormed(), each]]))
    assert.deepEqual(toHost(value), Object.assign(Object.create(null), Object.fromEntries(wanted)))
    assert.equal(value.size, wanted.length)
    value.set('more', 1)
    assert.equal(value.get('more'), 1)
  }
  let deep: unknown = 1
  for (let n = 0; n < 400; n++) deep = { a: deep, '\0': 1, b: undefined }
  assert.equal((fromHost(deep) as RegoObject).size, 2)
})

test('what is no value is refused: cycles, depth, functions, NaN', () => {
  const cycle: Record<string, unknown> = {}
  cycle.inner = [cycle]
  let deep: unknown = 1
  for (let n = 0; n < 100_000; n++) deep = [deep]
  for (const host of [cycle, deep, () => 1, Number.NaN, Infinity, Symbol('x'), undefined, [undefined]]) refused(host)
  const shared = [1]
  assert.equal(printJson(fromHost([shared, shared])), '[[1],[1]]') // twice is no cycle
})

test('what is read when somebody looks into it is the same, whatever is looked at first', () => {
  const looks: readonly ((object: RegoObject, name: string) => unknown)[] = [
    (object) => object.size,
    (object, name) => printJson(object.get(name) ?? null),
    (object, name) => isPlain(name) && printJson(object.named(name) ?? null),
    (object) => object.get(1),
    (object, name) => object.has(name),
    (object) => printJson(object.entries().flat()),
    (object) => {
      let count = 0
      object.every(() => ++count > 0)
      return count
    },
    (object) => object.key,
    (object) => printJson(object.copy()),
    (object, name) => {
      const copy = object.copy()
      copy.set(name, 1)
      return printJson(copy)
    },
    (object, name) => {
      object.set(name, null)
      return object.size
    },
    (object) => printJson(object),
  ]
  const names = fc.constantFrom('a', 'b', '\0', '\0s', '__proto__', '\ud800', '\ufffd', 'toString')
  const host = fc.dictionary(names, fc.oneof(fc.jsonValue(), fc.constant(undefined)), { maxKeys: 12 })
  // No string of Rego is ill-formed, as one of the host may be.
  const asked = names.map((name) => name.toWellFormed())
  const order = fc.array(fc.tuple(fc.constantFrom(...looks), asked), { minLength: 1 })
  fc.assert(
    fc.property(host, order, (fields, order) => {
      const [whole, view] = [fromHost(fields), viewOfHost(fields)] as [RegoObject, RegoObject]
      for (const [look, name] of order) assert.deepEqual(look(view, name), look(whole, name))
      assert.ok(equal(view, whole) && compare(view, whole) === 0)
      assert.equal(encoded(view), encoded(whole))
    }),
    { numRuns: 1_000 },
  )
})

test('what nobody looks into is not refused, and what is looked into is', () => {
  const view = viewOfHost({ good: 1, bad: { inner: Number.NaN }, worse: [{ f: () => 1 }] }) as RegoObject
  assert.equal(view.named('good'), 1)
  const code = (look: () => unknown) => assert.throws(look, (error) => error instanceof ThymusError && error.code === 'FORMAT')
  code(() => (view.named('bad') as RegoObject).size)
  code(() => printJson(view))
  let deep: unknown = 1
  for (let n = 0; n < 1_000; n++) deep = { deep }
  code(() => printJson(viewOfHost(deep)))
})
