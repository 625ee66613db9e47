// Expressions that ask for far more than they cost by Kubernetes' count: each must end soon.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ThymusError } from '../../core/errors.ts'
import { compileCel, DYN, Work } from './cel.ts'

const SIZE = 50_000
const OBJECT = {
  text: 'x'.repeat(3_000_000),
  list: Array.from({ length: SIZE }, (_, at) => at),
  map: Object.fromEntries(Array.from({ length: SIZE }, (_, at) => [`k${at}`, at])),
  lists: [1, 2].map(() => Array.from({ length: SIZE }, (_, at) => at)),
  emoji: '😀'.repeat(500_000),
  letters: 'aB'.repeat(1_000_000),
  quotes: '"\\'.repeat(1_000_000),
  escaped: `https://h/${'%41'.repeat(300_000)}`,
  query: `https://h/?${'a=1&'.repeat(200_000)}`,
  version: `1.2.3-${'1.'.repeat(480)}1`,
  thousand: Array.from({ length: 1_000 }, (_, at) => at),
  nested: Array.from({ length: 300 }, () => Array.from({ length: 300 }, (_, at) => at)),
  strings: Array.from({ length: 10_000 }, (_, at) => `k${at}`),
  deep: Array.from({ length: SIZE }).reduce((inner) => ({ a: inner }), {}),
}
/** Each takes less than a second where the machine is idle. */
const MOST_MILLISECONDS = 15_000

for (const text of [
  'object.list.all(i, i in object.list)',
  'object.list.all(i, object.text.size() > 0)',
  'object.list.all(i, object.lists[0] == object.lists[1])',
  'object.list.all(i, size(object.map) > 0)',
  'object.list.all(i, object.map.exists(k, true))',
  'object.list.all(i, bytes(object.text).size() > 0)',
  'object.list.all(i, object.list.indexOf(-1) < 0)',
  'object.list.all(i, object.list.map(j, j).size() > 0)',
  'object.list.all(i, (object.text + object.text).size() > 0)',
  'object.list.all(i, isURL(object.text) || true)',
  'object.list.distinct().size() > 0',
  'object.text.matches("(x?){50}x{900}$")',
  'object.text.replace("", "0123456789012345678901234567890123456789").size() > 0',
  'object.deep == object.deep',
  'object.text.findAll("x").size() > 0',
  'object.list.all(i, object.emoji.substring(400000, 400001) != "")',
  'object.list.all(i, object.emoji.charAt(400000) != "")',
  'object.list.all(i, object.letters.lowerAscii() != "")',
  'object.list.all(i, strings.quote(object.quotes) != "")',
  'object.list.all(i, url(object.escaped).getEscapedPath() != "")',
  'object.list.all(i, url(object.query).getQuery().size() > 0)',
  'object.list.all(i, quantity("1e9999").compareTo(quantity("1n")) > 0)',
  'object.list.all(i, quantity("1e9999").add(quantity("1n")).isInteger() || true)',
  'object.list.all(i, isSemver(object.version))',
  'object.list.all(i, object.nested.flatten(1).size() > 0)',
  'object.strings.all(s, s in object.strings)',
  'object.thousand.all(i, "a".matches("(((a{1,10}){1,10}){1,10})" + string(i)) || true)',
  'object.thousand.all(i, "a".matches("(?i)\\\\pL\\\\pN\\\\PL\\\\pS\\\\pZ" + string(i)) || true)',
  '[object.text].map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).all(a, a.size() > 0)',
]) {
  test(text, () => {
    const started = performance.now()
    assert.throws(
      () => compileCel(text, { variables: { object: DYN } }).evaluate({ object: OBJECT }),
      (error) => error instanceof ThymusError && error.code === 'CEL_LIMIT',
    )
    const took = performance.now() - started
    assert.ok(took < MOST_MILLISECONDS, `${took} ms`)
  })
}

test('the largest of one call is gone through in time', () => {
  // Within the cost: each is a text as large as an object may be, taken apart once.
  for (const text of [
    'url(object.escaped).getEscapedPath().size() > 0',
    'url(object.query).getQuery().size() > 0',
    'object.letters.lowerAscii().upperAscii().size() > 0',
    'object.text.replace("x", "").size() == 0',
    'object.emoji.charAt(3) == "😀" && object.emoji.substring(499999) == "😀"',
  ]) {
    const started = performance.now()
    assert.equal(compileCel(text, { variables: { object: DYN } }).evaluate({ object: OBJECT }).value, true, text)
    assert.ok(performance.now() - started < MOST_MILLISECONDS, text)
  }
})

test('what several expressions may do together ends the later ones', () => {
  const { evaluate } = compileCel('object.text.size() > 0', { variables: { object: DYN } })
  const limited = (error: unknown) => error instanceof ThymusError && error.code === 'CEL_LIMIT'
  const work = new Work(100)
  let count = 0
  assert.throws(() => {
    for (; count < 1_000; count++) evaluate({ object: OBJECT }, { work })
  }, limited)
  assert.ok(count > 1 && work.left <= 0, `${count} times`)
  assert.throws(() => evaluate({ object: OBJECT }, { work }), limited)
  assert.equal(compileCel('1 + 1', { variables: {} }).evaluate({}, { work: new Work(0) }).value, 2n)
  // In few steps, for what is in lists that are written there is no part of the object.
  const numbers = `[${Array.from({ length: 40 }, (_, at) => at).join()}]`
  const dear = compileCel(`${numbers}.all(a, ${numbers}.all(b, [${Array.from({ length: 40 }, () => 'a + b').join()}].size() > 0))`, {
    variables: {},
  })
  assert.equal(dear.evaluate({}).value, true)
  assert.throws(() => dear.evaluate({}, { work: new Work(1) }), limited)
})
