import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CODES, type Code, EXIT, ThymusError } from '../core/errors.ts'
import { failureStatus, failureText } from './failure.ts'

describe('an error', () => {
  test('is one line with its code and place', () => {
    assert.equal(failureText(new ThymusError('USAGE', 'no such thing', { at: 'here' }), {}), 'thymus: USAGE: no such thing (at here)\n')
    assert.equal(failureText(new ThymusError('USAGE', 'no such thing'), {}), 'thymus: USAGE: no such thing\n')
  })

  test('of a file with several faults has a line for each, and the place stands in the first', () => {
    const error = new ThymusError('POLICY_FIELD', 'a: wrong\nf.yaml:2:1: b: wrong', { at: 'f.yaml:1:1' })
    assert.equal(failureText(error, {}), 'thymus: POLICY_FIELD: a: wrong (at f.yaml:1:1)\nf.yaml:2:1: b: wrong\n')
  })

  test('that is not one of ours is a fault in Thymus', () => {
    assert.equal(failureText(new TypeError('x is not a function'), {}), 'thymus: INTERNAL: x is not a function\n')
    assert.equal(failureText('thrown', {}), 'thymus: INTERNAL: thrown\n')
  })

  test('shows where it came from only with THYMUS_DEBUG=1', () => {
    assert.match(failureText(new Error('x'), { THYMUS_DEBUG: '1' }), /\n {4}at /)
    assert.doesNotMatch(failureText(new Error('x'), { THYMUS_DEBUG: '0' }), /\n {4}at /)
  })

  test('ends the program with a status of the documented table, whatever its code', () => {
    const codes = Object.keys(CODES) as Code[]
    const statuses = new Map(codes.map((code) => [code, failureStatus(new ThymusError(code, ''))]))
    assert.ok(statuses.size > 20)
    assert.equal(statuses.get('USAGE'), EXIT.usage)
    assert.equal(statuses.get('PRIVILEGE'), EXIT.privilege)
    for (const [code, status] of statuses) if (code !== 'USAGE' && code !== 'PRIVILEGE') assert.equal(status, EXIT.error, code)
    assert.equal(failureStatus(new Error('x')), EXIT.error)
  })
})
