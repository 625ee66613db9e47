// Expressions that ask for far more than they cost by Kubernetes' count: each must end soon.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ThymusError } from '../../core/errors.ts'
import { compileCel, DYN } from './cel.ts'

const SIZE = 50_000
const OBJECT = {
  text: 'x'.repeat(3_000_000),
  list: Array.from({ length: SIZE }, (_, at) => at),
  map: Object.fromEntries(Array.from({ length: SIZE }, (_, at) => [`k${at}`, at])),
  lists: [1, 2].map(() => Array.from({ length: SIZE }, (_, at) => at)),
  deep: Array.from({ length: SIZE }).reduce((inner) => ({ a: inner }), {}),
}
/** Each takes tens of milliseconds where the machine is idle. */
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
