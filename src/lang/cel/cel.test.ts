// The door and what of the language shows in it; test/oracles/cel compares all libraries with cel-go.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../core/errors.ts'
import { BOOL, CelMap, compileCel, DYN, objectOf, STRING, type Value } from './cel.ts'

const run = (text: string, object: unknown = null) => compileCel(text, { variables: { object: DYN } }).evaluate({ object }).value

function code(work: () => unknown): readonly [string | undefined, string | undefined] {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof ThymusError, String(error))
    return [error.code, error.at]
  }
  return [undefined, undefined]
}

/** expression → value, with an object of JSON */
const VALUES: readonly (readonly [string, Value])[] = [
  ['1 + 2 * 3', 7n],
  ['object.n + 1', 4n],
  ['object.d * 2.0', 1],
  ['object.n < 3.5 && object.n == 3', true],
  ['"a" + object.s', 'ab'],
  ['object.big', 2n ** 60n],
  ['object.list.map(x, x * 2).sum()', 12n],
  ['object.list.filter(x, x > 1).size()', 2n],
  ['{"a": 1, "b": 2}.transformList(k, v, v).sum()', 3n],
  ['object.?none.orValue("no")', 'no'],
  ['object.?s.optMap(x, x + x).value()', 'bb'],
  ['object[?"list"][?7].hasValue()', false],
  ['has(object.none) || !has(object.s)', false],
  ['1 / 0 == 1 || true', true],
  ['[1, 0].exists(x, 1 / x == 1)', true],
  ['quantity("1Gi").isGreaterThan(quantity("1G"))', true],
  ['cidr("10.0.0.0/8").containsIP("10.1.2.3")', true],
  ['"v1.2".matches("^v[0-9]+")', true],
  ['"%s has %d".format([object.s, object.n])', 'b has 3'],
  ['timestamp("2024-02-29T00:00:00Z").getMonth()', 1n],
  ['semver("1.2.3").minor()', 2n],
  ['format.dns1123Label().validate("A").hasValue()', true],
  ['sets.equivalent([1, 2], [2, 1, 1])', true],
  ['url("https://a.example:8/x").getPort()', '8'],
]

test('expressions over JSON: whole numbers are ints, others doubles', () => {
  const object = { n: 3, d: 0.5, s: 'b', big: 2n ** 60n, list: [1, 2, 3] }
  for (const [text, value] of VALUES) assert.deepEqual(run(text, object), value, text)
})

test('what is no expression is refused with its line and column', () => {
  assert.deepEqual(
    code(() => run('1 +\n  * 2')),
    ['CEL_REJECTED', '2:3'],
  )
  for (const text of ['', '1 + "a"', 'nothing', 'nothing(1)', 'object.nothing()', '"a".charAt("b")', '[1, "a"]', 'duration("x")', 'if']) {
    assert.equal(code(() => run(text))[0], 'CEL_REJECTED', text)
  }
  assert.throws(() => run('authorizer.group("").resource("pods").check("get").allowed()'), /authorizer is not supported/)
})

test('declared fields and results are checked before anything runs', () => {
  const variables = { request: objectOf('request', { name: STRING }), object: DYN }
  const compile = (text: string) => code(() => compileCel(text, { variables, results: [BOOL] }))[0]
  assert.equal(compile('request.name == "a"'), undefined)
  assert.equal(compile('request.none == "a"'), 'CEL_REJECTED')
  assert.equal(compile('request.name == 1'), 'CEL_REJECTED')
  assert.equal(compile('object'), 'CEL_REJECTED')
})

test('an error of the evaluation is one coded error', () => {
  for (const text of ['object.a.b', '[1][2]', '1 / 0', 'int(object.s)', 'object.s + 1', '{"a": 1}["b"]']) {
    assert.equal(code(() => run(text, { s: 'x' }))[0], 'CEL_EVAL', text)
  }
})

test('only own fields are there, and __proto__ is one like any other', () => {
  assert.equal(run('has(object.constructor) || has(object.toString) || "__proto__" in object', {}), false)
  assert.equal(run('object["__proto__"]', JSON.parse('{"__proto__": 1}')), 1n)
  assert.equal(run('{"__proto__": 1}.map(k, k)[0]'), '__proto__')
})

test('bindings are read when asked for, and may be values of CEL', () => {
  const asked: string[] = []
  class Lazy extends CelMap {
    readonly size = 1
    get(key: Value) {
      asked.push(String(key))
      return key === 'a' ? 1n : undefined
    }
    keys() {
      return ['a']
    }
  }
  assert.equal(run('true || object.b == 1', new Lazy()), true)
  assert.deepEqual(asked, [])
  assert.equal(run('object.a', new Lazy()), 1n)
  assert.deepEqual(asked, ['a'])
})

test('the budget bounds an expression, and is told', () => {
  const expression = compileCel('object.all(x, x > 0)', { variables: { object: DYN } })
  const object = Array.from({ length: 100 }, () => 1)
  const { cost } = expression.evaluate({ object })
  assert.equal(cost, 502)
  assert.equal(expression.evaluate({ object }, { budget: cost }).value, true)
  assert.equal(code(() => expression.evaluate({ object }, { budget: cost - 1 }))[0], 'CEL_LIMIT')
})

test('an operand beyond the budget is not outdone by the error of the one before it', () => {
  const expression = compileCel('object.none || object.a.b', { variables: { object: DYN } })
  assert.equal(code(() => expression.evaluate({ object: { a: {} } }, { budget: 4 }))[0], 'CEL_LIMIT')
  assert.equal(code(() => expression.evaluate({ object: { a: {} } }))[0], 'CEL_EVAL')
})

test('macros within literals see the names around them', () => {
  assert.equal(run('[1].map(x, {[2].map(y, x + y)[0]: [x].filter(z, z == x).size()})[0][3]'), 1n)
})

test('what an expression reads is known without evaluating it', () => {
  const variables = { object: DYN, params: DYN, variables: objectOf('variables', { a: STRING }) }
  const reads = (text: string) => [...compileCel(text, { variables }).reads].sort()
  assert.deepEqual(reads('[1].map(x, x + params.n)[object.at] > 0 || {"k": variables.a} == object'), [
    'object',
    'object.at',
    'params.n',
    'variables.a',
  ])
  assert.deepEqual(reads('sets.contains([1], [2]) && variables == null'), ['variables'])
  assert.deepEqual(reads('timestamp("2024-02-29T00:00:00Z").getMonth() == 1'), [])
})

test('any text and any nesting end in a value or a coded error', () => {
  const pieces = [
    'object',
    '.',
    '?',
    '[',
    ']',
    '(',
    ')',
    '{',
    '}',
    '"a"',
    "'",
    '1',
    '1u',
    '.5',
    '+',
    '-',
    '!',
    '&&',
    'in',
    ',',
    ':',
    'map',
    'x',
    '\\',
    '//',
    '\n',
  ]
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 30 }), fc.anything(), (parts, object) => {
      code(() => run(parts.join(''), object))
    }),
    { numRuns: 3_000 },
  )
  for (const nested of ['(', '[', '-(', '!(', 'object.map(x, ', '{1: ', '1 + (', 'true ? ']) {
    assert.equal(code(() => run(nested.repeat(20_000)))[0], 'CEL_REJECTED', nested)
  }
})
