import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { authorityArea, isApprovedBy, readSignedPolicy, type SignedPolicy, signPolicy, writeSignedPolicy } from './signed-policy.ts'

const KEYS = {
  'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'RSA 2048': generateKeyPairSync('rsa', { modulusLength: 2048 }),
}
const unsigned: Omit<SignedPolicy, 'signature'> = {
  bank: 'sha256',
  pcrs: new Map([
    [7, Buffer.alloc(32, 7)],
    [0, Buffer.alloc(32, 1)],
  ]),
  counter: { index: 0x01800001, name: Buffer.alloc(34, 3), atMost: 41n },
  ref: Buffer.from('disk'),
}
const signed = signPolicy(unsigned, KEYS['P-256'].privateKey)

describe('a signed policy', () => {
  for (const [name, { privateKey, publicKey }] of Object.entries(KEYS)) {
    test(`is written, read and approved by a key of ${name}, and by no other`, () => {
      const policy = readSignedPolicy(writeSignedPolicy(signPolicy(unsigned, privateKey)))
      assert.deepEqual(
        { ...policy, signature: null, pcrs: [...policy.pcrs].sort() },
        { ...unsigned, signature: null, pcrs: [...unsigned.pcrs].sort() },
      )
      for (const [other, pair] of Object.entries(KEYS)) assert.equal(isApprovedBy(policy, pair.publicKey), other === name)
      assert.ok(isApprovedBy(policy, publicKey))
    })
  }

  test('is approved as it is: no part of it may change', () => {
    const changes: readonly Partial<SignedPolicy>[] = [
      { bank: 'sm3' },
      { pcrs: new Map([...unsigned.pcrs, [0, Buffer.alloc(32, 2)]]) },
      { pcrs: new Map([[7, Buffer.alloc(32, 7)]]) },
      { pcrs: new Map([...unsigned.pcrs, [8, Buffer.alloc(32)]]) },
      { counter: { ...unsigned.counter, atMost: 42n } },
      { counter: { ...unsigned.counter, name: Buffer.alloc(34, 4) } },
      { ref: Buffer.from('other') },
    ]
    for (const change of changes) assert.ok(!isApprovedBy({ ...signed, ...change }, KEYS['P-256'].publicKey), JSON.stringify(change.bank))
    assert.ok(isApprovedBy(signed, KEYS['P-256'].publicKey))
  })

  test('of another shape is refused, and each field says so', () => {
    const document = JSON.parse(writeSignedPolicy(signed))
    for (const [change, at] of [
      [{ kind: 'Other' }, 'kind'],
      [{ bank: 'md5' }, 'bank'],
      [{ pcrs: {} }, 'pcrs'],
      [{ pcrs: { 24: '00' } }, 'pcrs'],
      [{ pcrs: { 0: '00' } }, 'pcrs'],
      [{ counter: { ...document.counter, index: '0x81000001' } }, 'counter.index'],
      [{ counter: { ...document.counter, atMost: '-1' } }, 'counter.atMost'],
      [{ counter: { ...document.counter, atMost: '18446744073709551616' } }, 'counter.atMost'],
      [{ ref: 'xyz' }, 'ref'],
      [{ more: 1 }, 'document'],
    ] as const) {
      assert.throws(
        () => readSignedPolicy(JSON.stringify({ ...document, ...change })),
        (error: Error & { code: string; at: string }) => error.code === 'FORMAT' && error.at.startsWith(at),
        JSON.stringify(change),
      )
    }
    for (const text of ['', '{', 'null', '[]', 'x'.repeat(100_000)]) assert.throws(() => readSignedPolicy(text), { code: 'FORMAT' })
  })

  test('is signed by keys that TPMs verify with, and by no others', () => {
    for (const key of [
      generateKeyPairSync('ed25519').privateKey,
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey,
      generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey,
    ]) {
      assert.throws(() => authorityArea(key), { code: 'USAGE' })
    }
  })
})
