import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RegoError } from '../errors.ts'
import { toHost } from './host.ts'
import { keyOf } from './key.ts'
import { payer } from './meter.ts'
import { compare, equal } from './order.ts'
import { asJson, printJson, printTerm } from './text.ts'
import { RegoObject, RegoSet, SMALL, type Value } from './value.ts'

/** A value of 2^60 parts. */
const doubled = (make: (value: Value) => Value, from: Value = 1) => Array.from({ length: 60 }).reduce<Value>(make, from)
const kinds: Readonly<Record<string, (value: Value) => Value>> = {
  array: (value) => [value, value],
  object: (value) =>
    RegoObject.of([
      ['a', value],
      ['b', value],
    ]),
}

/** More than are told apart without keys. */
const many = Array.from({ length: SMALL }, (_, at) => at)

/** Runs as an evaluation with little left; the answer is whether it ended for that. */
function ends(run: () => unknown): boolean {
  let steps = 10_000
  const before = payer({
    charge: (count) => {
      steps -= count
      if (steps < 0) throw new RegoError('REGO_LIMIT', 'eval_cancel_error', 'no more steps')
    },
    spend: () => {},
  })
  try {
    run()
    return false
  } catch (error) {
    if (error instanceof RegoError && error.code === 'REGO_LIMIT') return true
    throw error
  } finally {
    payer(before)
  }
}

describe('values whose parts are shared', () => {
  for (const [kind, make] of Object.entries(kinds)) {
    test(`end an evaluation that walks through them: ${kind}`, () => {
      const [one, other] = [doubled(make), doubled(make)]
      for (const walk of [
        keyOf,
        printJson,
        printTerm,
        asJson,
        toHost,
        (value: Value) => RegoSet.of([...many, value]),
        (value: Value) => keyOf([value]),
      ]) {
        assert.ok(ends(() => walk(one)))
      }
      assert.ok(ends(() => equal(one, other)))
      assert.ok(ends(() => compare(one, other)))
    })
  }

  test('cost nothing where the very same one is met', () => {
    const value = doubled((inner) => [inner, inner])
    assert.ok(!ends(() => equal([1, value], [1, value])))
    assert.ok(!ends(() => compare([1, value], [1, value])))
  })

  test('are not written, however few steps a long text takes', () => {
    const long = doubled((inner) => [inner, inner], 'x'.repeat(2 ** 22))
    for (const write of [printJson, printTerm, keyOf]) assert.throws(() => write(long), { code: 'REGO_LIMIT' })
  })

  test('hold keys that count as memory', () => {
    let bytes = 0
    const before = payer({
      charge: () => {},
      spend: (count) => {
        bytes += count
      },
    })
    const long = ['x'.repeat(5000)]
    RegoSet.of([...many, long])
    RegoObject.of([[long, 1]])
    payer(before)
    assert.ok(bytes > 10_000 && bytes < 11_000)
  })
})

test('a value that nests deeper than the stack is not written', () => {
  for (const nest of [(value: Value) => [value], (value: Value) => RegoObject.of([['a', value]])]) {
    const deep = Array.from({ length: 20_000 }).reduce<Value>(nest, 1)
    for (const write of [printJson, printTerm, asJson, toHost]) assert.throws(() => write(deep), { code: 'REGO_LIMIT' })
  }
})
