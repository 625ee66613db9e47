import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import { openCredential } from '../../../../../test/kit/tpm-activation.ts'
import { newEccKey, newRsaKey, type TpmKey } from '../../../../../test/kit/tpm-evidence.ts'
import { hashByName } from '../../../../formats/hash.ts'
import { ALG, OBJECT } from '../abi/algorithms.ts'
import { readCredentialFile, readIdObject, writeCredentialFile } from '../abi/credential.ts'
import { nameOf } from '../abi/public-area.ts'
import { kdfa, kdfe } from '../kdf.ts'
import { makeCredential, verifyActivation } from './credential.ts'

const storage = { storage: true, attributes: OBJECT.fixedTpm | OBJECT.restricted | OBJECT.decrypt }
const keys: readonly TpmKey[] = [newRsaKey(storage), newEccKey(storage), newEccKey(storage, 'P-384'), newEccKey(storage, 'P-521')]
const name = nameOf(newEccKey().area)!
const secret = Buffer.from('a secret of at most 32 bytes')

describe('a credential', () => {
  test('is opened by the endorsement key, for the object of its name', () => {
    for (const { area, privateKey } of keys) {
      const blob = makeCredential(area, name, secret)
      assert.deepEqual(readCredentialFile(writeCredentialFile(blob)), blob)
      const answer = openCredential({ area, privateKey }, name, blob)
      assert.equal(verifyActivation(secret, answer).verdict.is, 'pass')
      const otherName = nameOf(newEccKey().area)!
      assert.throws(() => openCredential({ area, privateKey }, otherName, blob), /integrity/)
    }
  })

  test('is never the same twice, and tells nothing of its secret', () => {
    const [one, other] = [makeCredential(keys[1]!.area, name, secret), makeCredential(keys[1]!.area, name, secret)]
    assert.notDeepEqual(one, other)
    assert.equal(one.idObject.includes(secret), false)
    assert.equal(readIdObject(one.idObject).identity.length, 2 + secret.length)
  })

  test('with any byte changed is not opened', () => {
    const { area, privateKey } = keys[1]!
    const { idObject, secret: encrypted } = makeCredential(area, name, secret)
    for (let at = 0; at < idObject.length; at++) {
      const changed = Buffer.from(idObject)
      changed[at]! ^= 1
      assert.throws(() => openCredential({ area, privateKey }, name, { idObject: changed, secret: encrypted }), /integrity|FORMAT|bytes/)
    }
  })

  test('is not made for a key that protects nothing, nor with a secret that is too long', () => {
    const { area } = keys[1]!
    const strange = { ...area, symmetric: { algorithm: ALG.sm4, keyBits: 128, mode: ALG.cfb } } as typeof area
    for (const each of [newEccKey().area, strange, { ...area, nameHash: 0x27 }, { ...area, x: Buffer.alloc(32, 1) } as typeof area])
      assert.throws(() => makeCredential(each, name, secret), { code: 'EVIDENCE' })
    assert.throws(() => makeCredential(area, name, Buffer.alloc(33)), { code: 'EVIDENCE' })
    const open = newRsaKey({ storage: true }).area
    for (const exponent of [1, 2])
      assert.throws(() => makeCredential({ ...open, exponent } as typeof open, name, secret), { code: 'EVIDENCE' })
    const small = newRsaKey({ storage: true }, 1024).area
    const modulus = Buffer.alloc(256, 0xfe)
    for (const each of [{ ...small, nameHash: hashByName('sha512')!.id }, { ...open, modulus } as typeof open])
      assert.throws(() => makeCredential(each, name, secret), { code: 'EVIDENCE' })
  })

  test('is answered rightly by the secret alone', () => {
    for (const answer of [Buffer.alloc(0), secret.subarray(1), Buffer.concat([secret, Buffer.of(0)]), Buffer.alloc(secret.length)])
      assert.equal(verifyActivation(secret, answer).verdict.is, 'fail')
    assert.equal(verifyActivation(Buffer.alloc(0), Buffer.alloc(0)).verdict.is, 'fail')
  })
})

test('a credential file that is cut off, of another version, or longer than it says, is refused', () => {
  const whole = writeCredentialFile(makeCredential(keys[1]!.area, name, secret))
  for (let length = 0; length < whole.length; length++)
    assert.throws(() => readCredentialFile(whole.subarray(0, length)), { code: 'FORMAT' })
  for (const at of [0, 7, 8]) {
    const changed = Buffer.from(whole)
    changed[at]! ^= 0x80
    assert.throws(() => readCredentialFile(changed), { code: 'FORMAT' }, `byte ${at}`)
  }
  assert.throws(() => readCredentialFile(Buffer.concat([whole, Buffer.of(0)])), { code: 'FORMAT' })
})

test('keys are derived in rounds, over what part 1 has in its order', () => {
  const hash = hashByName('sha256')!
  const [key, u, v] = [Buffer.alloc(32, 1), Buffer.of(2), Buffer.of(3, 3)]
  const number = (value: number) => Buffer.of(0, 0, value >> 8, value & 0xff)
  const label = Buffer.from('LABEL\0')
  const rounds = [1, 2].map(number)
  const a = rounds.map((round) =>
    createHmac('sha256', key)
      .update(Buffer.concat([round, label, u, v, number(400)]))
      .digest(),
  )
  const e = rounds.map((round) =>
    createHash('sha256')
      .update(Buffer.concat([round, key, label, u, v]))
      .digest(),
  )
  assert.deepEqual(kdfa(hash, key, 'LABEL', u, v, 400), Buffer.concat(a).subarray(0, 50))
  assert.deepEqual(kdfe(hash, key, 'LABEL', u, v, 400), Buffer.concat(e).subarray(0, 50))
})
