import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAscii, useColour } from './terminal.ts'

test('colour is for a terminal whose user has not declined it, or for who asks for it', () => {
  assert.equal(useColour('auto', true, {}), true)
  assert.equal(useColour('auto', true, { NO_COLOR: '' }), true, 'no-color.org: when present and not an empty string')
  assert.equal(useColour('auto', true, { NO_COLOR: '1' }), false)
  assert.equal(useColour('auto', true, { TERM: 'dumb' }), false)
  assert.equal(useColour('auto', false, {}), false)
  assert.equal(useColour('always', false, { NO_COLOR: '1' }), true)
  assert.equal(useColour('never', true, {}), false)
})

test('the first variable of the locale that says anything decides about symbols', () => {
  assert.equal(isAscii({ LANG: 'C.UTF-8' }), false)
  assert.equal(isAscii({ LC_ALL: '', LC_CTYPE: 'de_DE.utf8', LANG: 'C' }), false)
  assert.equal(isAscii({ LC_ALL: 'C', LANG: 'en_US.UTF-8' }), true)
  assert.equal(isAscii({}), true)
})
