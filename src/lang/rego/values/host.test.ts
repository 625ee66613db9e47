import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../../core/errors.ts'
import { fromHost, toHost } from './host.ts'
import { printJson } from './text.ts'
import { RegoObject } from './value.ts'

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

test('what is no value is refused: cycles, depth, functions, NaN', () => {
  const cycle: Record<string, unknown> = {}
  cycle.inner = [cycle]
  let deep: unknown = 1
  for (let n = 0; n < 100_000; n++) deep = [deep]
  for (const host of [cycle, deep, () => 1, Number.NaN, Infinity, Symbol('x'), undefined, [undefined]]) refused(host)
  const shared = [1]
  assert.equal(printJson(fromHost([shared, shared])), '[[1],[1]]') // twice is no cycle
})
