import assert from 'node:assert/strict'
import test from 'node:test'
import { readResponseCode, TpmRefusal } from './response-code.ts'

test('a response code is named, with what it is about', () => {
  for (const [rc, name, subject] of [
    [0x100, 'TPM_RC_INITIALIZE', undefined],
    [0x921, 'TPM_RC_LOCKOUT', undefined],
    [0x922, 'TPM_RC_RETRY', undefined],
    [0x910, 'TPM_RC_REFERENCE_H0', undefined],
    [0x919, 'TPM_RC_REFERENCE_S1', undefined],
    [0x18b, 'TPM_RC_HANDLE', 'handle 1'],
    [0x98e, 'TPM_RC_AUTH_FAIL', 'session 1'],
    [0x99d, 'TPM_RC_POLICY_FAIL', 'session 1'],
    [0x1c4, 'TPM_RC_VALUE', 'parameter 1'],
    [0x2d5, 'TPM_RC_SIZE', 'parameter 2'],
    [0xfc4, 'TPM_RC_VALUE', 'parameter 15'],
    [0x0b0143, 'TPM_RC_COMMAND_CODE', undefined],
    [0x01e, '0x01e', undefined],
    [0x500, '0x500', undefined],
    [0x1bf, '0x1bf', 'handle 1'],
    [0xdeadbeef, '0xdeadbeef', undefined],
    [0x100921, '0x100921', undefined],
  ] as const) {
    const read = readResponseCode(rc)
    assert.deepEqual([read.name, read.subject], [name, subject], rc.toString(16))
    assert.ok(read.meaning.length > 5)
  }
})

test('a refusal says in words what it is and what can be done; lockout has a code of its own', () => {
  const wrong = new TpmRefusal('Unseal', 0x98e)
  assert.equal(wrong.code, 'TPM_REFUSED')
  assert.match(wrong.message, /^Unseal: TPM_RC_AUTH_FAIL \(session 1\): the authorization is wrong.*; check the password/)
  assert.ok(wrong.is('AUTH_FAIL') && !wrong.is('VALUE'))
  assert.equal(new TpmRefusal('Unseal', 0x921).code, 'TPM_LOCKED')
  assert.equal(new TpmRefusal('Unseal', 0xffff0921 >>> 0).code, 'TPM_REFUSED')
})
