import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pace } from './pace.ts'

test('a ring is looked into often while something comes, and less often where nothing does', () => {
  const pace = new Pace()
  assert.deepEqual([pace.after(0, 0), pace.after(0, 2), pace.after(0, 5)], [2, 3, 3], 'nothing comes')
  assert.deepEqual([pace.after(1, 8), pace.after(0, 9), pace.after(0, 1007)], [1, 1, 1], 'something came not long ago')
  assert.deepEqual([pace.after(0, 1008), pace.after(0, 1010)], [2, 3], 'it is long ago')
  assert.equal(pace.after(5000, 1013), 1)
})
