import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { assignment, duration, label, port, protocol, whole, workloadRef } from './parameters.ts'

describe('words of the command line', () => {
  test('a label is parted at its first equals sign, and its value may be empty', () => {
    assert.deepEqual(label('app=web'), ['app', 'web'])
    assert.deepEqual(label('example.org/app='), ['example.org/app', ''])
    for (const wrong of ['app', '=web', 'a b=c', 'app=a=b', 'app=-', `app=${'x'.repeat(64)}`, '/x=y']) {
      assert.throws(() => label(wrong), SyntaxError, wrong)
    }
  })

  test('a time has a unit, and is more than nothing', () => {
    for (const [text, seconds] of [
      ['60s', 60],
      ['500ms', 0.5],
      ['1.5m', 90],
      ['2h', 7200],
    ] as const) {
      assert.equal(duration(text), seconds)
    }
    for (const wrong of ['', '60', 's', '-1s', '1e3s', '0s', '1 s', '1d', '0x1s', '1s ', '9'.repeat(400)]) {
      assert.throws(() => duration(wrong), SyntaxError, wrong)
    }
  })

  test('a port is a number that a packet can hold', () => {
    assert.equal(port('0'), 0)
    assert.equal(port('65535'), 65_535)
    for (const wrong of ['', '65536', '-1', '1.5', '0x50', '1e3', ' 80']) assert.throws(() => port(wrong), SyntaxError, wrong)
  })

  test('a number is within its bounds, and decimal', () => {
    assert.deepEqual([whole(1, 9)('9'), whole(0, 65_535)('0'), whole(0, 65_535)('65535')], [9, 0, 65_535])
    for (const wrong of ['', '0', '10', '1e0', '-1', '1.5', '0x1', ' 1']) assert.throws(() => whole(1, 9)(wrong), SyntaxError, wrong)
    for (const wrong of ['', '65536', '-1']) assert.throws(() => whole(0, 65_535)(wrong), SyntaxError, wrong)
  })

  test('an assignment is parted at its first equals sign, and its name is not empty', () => {
    assert.deepEqual(assignment('A=b=c'), ['A', 'b=c'])
    assert.deepEqual(assignment('A='), ['A', ''])
    for (const wrong of ['', 'A', '=b']) assert.throws(() => assignment(wrong), SyntaxError, wrong)
  })

  test('a workload is named with or without its namespace', () => {
    assert.deepEqual(workloadRef('web'), { namespace: 'default', name: 'web' })
    assert.deepEqual(workloadRef('shop/web.1'), { namespace: 'shop', name: 'web.1' })
    for (const wrong of ['', '/', 'a/', '/b', 'a/b/c', 'Web', '..', 'a/..']) assert.throws(() => workloadRef(wrong), SyntaxError, wrong)
  })

  test('whatever is typed, a parser gives a value or says what is wrong on one line that moves no cursor', () => {
    let refused = 0
    const parsers = [label, duration, port, protocol, workloadRef]
    fc.assert(
      fc.property(fc.constantFrom(...parsers), fc.string({ unit: 'binary' }), (parse, input) => {
        try {
          parse(input)
        } catch (error) {
          refused++
          assert.ok(error instanceof SyntaxError)
          assert.doesNotMatch(error.message, /[\p{Cc}\u202e]/u)
        }
      }),
      { numRuns: 500 },
    )
    assert.ok(refused > 100, `${refused} refused`)
  })
})
