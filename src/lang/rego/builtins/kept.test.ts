import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kept } from './kept.ts'

test('the last answers are kept, those on long texts and failures never', () => {
  const made: string[] = []
  const find = kept(2, (text) => {
    if (text === 'bad') throw new Error(text)
    made.push(text.slice(0, 1))
    return { text }
  })
  const ask = (text: string) => find(text).text
  for (const text of ['a', 'b', 'a', 'b']) ask(text)
  assert.deepEqual(made, ['a', 'b'])
  for (const text of ['c', 'c', 'a']) assert.equal(ask(text), text)
  assert.deepEqual(made, ['a', 'b', 'c', 'a'])
  for (let n = 0; n < 2; n++) ask('l'.repeat(2000))
  assert.deepEqual(made.slice(4), ['l', 'l'])
  for (let n = 0; n < 2; n++) assert.throws(() => find('bad'), /bad/)
})
