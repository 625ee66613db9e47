import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { add, formatFloat, fromFloat, toFloat } from './big-float.ts'
import { compareNumbers, numberKey, numberText, readNumber } from './decimal.ts'
import { keyOf } from './key.ts'
import { compare, equal } from './order.ts'
import { printJson, printTerm, readJson, readTerm } from './text.ts'
import { RegoObject, RegoSet, type Value } from './value.ts'

const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Value>(null, true, false),
    fc.integer(),
    fc.bigInt().map((big) => readNumber(big.toString())!),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(tie('value'), { maxLength: 3 }).map((members) => RegoSet.of(members)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => RegoObject.of(entries)),
  ),
}))

describe('order', () => {
  test('is total, and agrees with equality and keys', () => {
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        assert.equal(Math.sign(compare(a, b)) + Math.sign(compare(b, a)), 0)
        assert.equal(compare(a, b) === 0, equal(a, b))
        assert.equal(keyOf(a) === keyOf(b), equal(a, b))
        if (compare(a, b) <= 0 && compare(b, c) <= 0) assert.ok(compare(a, c) <= 0)
      }),
    )
  })

  test('of strings is that of their UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        assert.equal(Math.sign(compare(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)))
      }),
    )
  })

  test('puts the types in their places', () => {
    const sorted = ['null', 'false', 'true', '-1', '1', '"a"', '[]', '{}', '{"a":1}', 'set()', '{1}'].map(readTerm)
    for (let at = 1; at < sorted.length; at++) assert.equal(compare(sorted[at - 1]!, sorted[at]!), -1)
  })
})

const key = fc.oneof(
  value,
  fc.constantFrom('a', 'b', '', '\0', '\0sa', 'constructor'),
  fc.constantFrom<Value>(0, -0, readNumber('1.0')!, 1),
)

test('sets hold each value as it came first, in order, however many', () => {
  fc.assert(
    fc.property(fc.array(key, { maxLength: 20 }), (values) => {
      const set = new RegoSet()
      const first: Value[] = []
      for (const each of values) {
        set.add(each)
        if (!first.some((other) => equal(each, other))) first.push(each)
        assert.equal(set.size, first.length)
        assert.deepEqual(set.members(), first.toSorted(compare))
      }
      for (const each of values)
        assert.equal(
          set.get(each),
          first.find((other) => equal(each, other)),
        )
      assert.equal(set.has('no one has this'), false)
    }),
  )
})

describe('objects', () => {
  test('hold what was put there last, whatever was put there and however many', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.integer())), (entries) => {
        const object = RegoObject.of(entries)
        const last = entries.filter(([one], at) => !entries.slice(at + 1).some(([other]) => equal(one, other)))
        assert.equal(object.size, last.length)
        for (const [one, held] of last) assert.equal(object.get(one), held)
        const sorted = last.toSorted(([a], [b]) => compare(a, b))
        assert.deepEqual(object.entries(), sorted)
        assert.deepEqual(object.copy().entries(), sorted)
        const seen: Value[] = []
        object.every((_, one) => seen.push(one) > 0)
        assert.deepEqual(
          seen.toSorted(compare),
          sorted.map(([one]) => one),
        )
      }),
    )
  })

  test('that share their names do not share what is added', () => {
    const [one, other] = readJson('[{"a": 1, "b": 2}, {"a": 3, "b": 4}]') as [RegoObject, RegoObject]
    const [left, right] = [one.copy(), one.copy()]
    other.set('c', 5)
    left.set('d', 6)
    right.set('c', 7)
    left.set('a', 8)
    const shown = [one, other, left, right].map(printJson)
    assert.deepEqual(shown, ['{"a":1,"b":2}', '{"a":3,"b":4,"c":5}', '{"a":8,"b":2,"d":6}', '{"a":1,"b":2,"c":7}'])
    assert.equal(one.named('c'), undefined)
    assert.equal(right.named('d'), undefined)
  })

  test('are read from JSON with the last of equal names, however many and whatever they are', () => {
    const name = fc.oneof(fc.constantFrom('a', 'b', 'c', '', '\0', '__proto__'), fc.string({ unit: 'grapheme' }))
    fc.assert(
      fc.property(fc.array(fc.array(fc.tuple(name, fc.integer()), { maxLength: 20 })), (objects) => {
        const text = objects.map((entries) => `{${entries.map(([one, held]) => `${JSON.stringify(one)}: ${held}`).join(', ')}}`)
        assert.ok(
          equal(
            readJson(`[${text.join(',')}]`),
            objects.map((entries) => RegoObject.of(entries)),
          ),
        )
      }),
    )
  })
})

describe('numbers', () => {
  test('keep their text, and are equal by value', () => {
    for (const text of ['1.0', '18446744073709551617', '1e4649', '0.1', '-0.5', '1E5', '9007199254740993']) {
      assert.equal(numberText(readNumber(text)!), text)
    }
    assert.equal(numberKey(readNumber('1.0')!), 1)
    assert.equal(compareNumbers(readNumber('9007199254740993')!, readNumber('9007199254740992')!), 1)
    assert.equal(compareNumbers(readNumber('1e4649')!, readNumber('1e4650')!), -1)
    assert.equal(readNumber('1e999999999'), undefined)
  })

  test('are added as with 64 bits of mantissa', () => {
    const sum = (a: string, b: string) => numberText(fromFloat(add(toFloat(readNumber(a)!), toFloat(readNumber(b)!))))
    assert.equal(sum('0.1', '0.2'), '0.3')
    assert.equal(sum('9007199254740991', '2'), '9007199254740993')
    assert.equal(sum('18446744073709551615', '1'), '18446744073709551616')
  })

  test('below 2^64 come back from a big float as they were', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }), (big) =>
        assert.equal(formatFloat(toFloat(readNumber(big.toString())!)), big.toString()),
      ),
    )
  })
})

describe('text', () => {
  test('of JSON comes back', () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), (text) =>
        assert.deepEqual(JSON.parse(printJson(readJson(text))), JSON.parse(JSON.stringify(JSON.parse(text)))),
      ),
    )
  })

  test('is quoted as Go quotes it', () => {
    assert.equal(printTerm('\u0007\b\f\n\r\t\v"\\\u007f\u00a0\u{e0001}'), '"\\a\\b\\f\\n\\r\\t\\v\\"\\\\\\x7f\\u00a0\\U000e0001"')
  })

  test('of JSON is escaped as Go escapes it, each character by itself and among others', () => {
    const short = new Map([...'"\\\b\f\n\r\t'].map((c, at) => [c, `\\${'"\\bfnrt'[at]}`]))
    for (let code = 0; code < 0x2030; code++) {
      const c = String.fromCharCode(code)
      const escaped = code < 0x20 || '<>&\u2028\u2029'.includes(c) ? `\\u${code.toString(16).padStart(4, '0')}` : c
      assert.equal(printJson(`a${c}`), `"a${short.get(c) ?? escaped}"`)
    }
    assert.deepEqual(['', '\ud800', '\u{1f600}'].map(printJson), ['""', '"\\ufffd"', '"\u{1f600}"'])
  })

  test('of a string ends where JSON says, whatever quotes and backslashes are in it, and is as long as it is', () => {
    const texts = fc.string({ unit: fc.constantFrom('"', '\\', 'a') })
    fc.assert(fc.property(texts, fc.boolean(), (text, more) => assert.equal(readJson(JSON.stringify(text) + (more ? ' ' : '')), text)))
    for (const part of ['a', '"', '\\']) assert.equal(readJson(JSON.stringify(part.repeat(12_000_000))), part.repeat(12_000_000))
  })

  test('that is hostile is refused by code', () => {
    for (const text of ['['.repeat(100_000), '{"a":', '01', '"\\x"', '', '[1,]', '{1}', '1 2', '"', '"\\"', '"\\\\\\"', '"a\nb"']) {
      assert.throws(() => readJson(text), { code: 'FORMAT' })
    }
    assert.equal((readJson('{"__proto__": 1}') as RegoObject).get('__proto__'), 1)
  })
})
