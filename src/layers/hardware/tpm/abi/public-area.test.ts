import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { ALG, OBJECT } from './algorithms.ts'
import {
  hasAttributes,
  nameOf,
  type PublicArea,
  readPublicArea,
  readSizedPublicArea,
  writePublicArea,
  writeSizedPublicArea,
} from './public-area.ts'
import type { Scheme, SymmetricDefinition } from './schemes.ts'

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(model, { noNullPrototype: true })
const u16 = fc.nat(0xffff)
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))
const symmetric: fc.Arbitrary<SymmetricDefinition> = record({ algorithm: fc.constantFrom(ALG.aes, ALG.sm4), keyBits: u16, mode: u16 })
const scheme = (...algorithms: readonly number[]): fc.Arbitrary<Scheme | null> =>
  fc.option(record({ algorithm: fc.constantFrom(...algorithms), hash: u16 }))
const common = { nameHash: u16, attributes: fc.nat(0xffffffff), authPolicy: bytes(64) }
const area: fc.Arbitrary<PublicArea> = fc.oneof(
  record({
    ...{ type: fc.constant('rsa' as const), ...common, symmetric: fc.option(symmetric) },
    ...{ scheme: fc.oneof(scheme(ALG.rsassa, ALG.rsapss, ALG.oaep), fc.constant({ algorithm: ALG.rsaes, hash: null })) },
    ...{ keyBits: u16, exponent: fc.nat(0xffffffff), modulus: bytes(512) },
  }),
  record({
    ...{ type: fc.constant('ecc' as const), ...common, symmetric: fc.option(symmetric) },
    ...{ scheme: fc.oneof(scheme(ALG.ecdsa, ALG.ecdh), record({ algorithm: fc.constant(ALG.ecdaa), hash: u16, count: u16 })) },
    ...{ curve: u16, kdf: scheme(ALG.kdf1Sp800108, ALG.mgf1), x: bytes(66), y: bytes(66) },
  }),
  record({
    ...{ type: fc.constant('keyedHash' as const), ...common },
    ...{ scheme: fc.oneof(scheme(ALG.hmac), record({ algorithm: fc.constant(ALG.xor), hash: u16, kdf: u16 })), unique: bytes(64) },
  }),
  record({ type: fc.constant('symCipher' as const), ...common, symmetric, unique: bytes(64) }),
)

test('a public area of any type is read as it was written, and is the same bytes again', () => {
  fc.assert(
    fc.property(area, (one) => {
      const written = writePublicArea(one)
      assert.deepEqual(readPublicArea(written), one)
      assert.deepEqual(writeSizedPublicArea(readSizedPublicArea(writeSizedPublicArea(one))), writeSizedPublicArea(one))
    }),
    { numRuns: 300 },
  )
})

test('a public area that is cut off, or has more behind it, is refused', () => {
  fc.assert(
    fc.property(area, (one) => {
      const written = writeSizedPublicArea(one)
      for (let length = 0; length < written.length; length++) {
        assert.throws(() => readSizedPublicArea(written.subarray(0, length)), { code: 'FORMAT' })
      }
      assert.throws(() => readSizedPublicArea(Buffer.concat([written, Buffer.of(0)])), { code: 'FORMAT' })
      assert.throws(() => readPublicArea(Buffer.concat([writePublicArea(one), Buffer.of(0)])), { code: 'FORMAT' })
    }),
    { numRuns: 20 },
  )
})

test('a public area in the other byte order is none', () => {
  const littleEndian = Buffer.from('01000b000000040000001000100000080000000000', 'hex')
  assert.throws(() => readPublicArea(littleEndian), { code: 'FORMAT', message: /no type of an object/ })
})

test('the name is the hash of the area behind the number of the hash', () => {
  const sealed: PublicArea = {
    ...{ type: 'keyedHash', nameHash: 0x000b, attributes: OBJECT.fixedTpm | OBJECT.noDa, authPolicy: Buffer.alloc(0) },
    ...{ scheme: null, unique: Buffer.alloc(32, 7) },
  } as const
  const digest = createHash('sha256').update(writePublicArea(sealed)).digest('hex')
  assert.equal(nameOf(sealed)?.toString('hex'), `000b${digest}`)
  assert.deepEqual(nameOf({ ...sealed, nameHash: ALG.null }), Buffer.alloc(0))
  assert.equal(nameOf({ ...sealed, nameHash: 0x7777 }), undefined)
  assert.equal(hasAttributes(sealed, OBJECT.fixedTpm, OBJECT.noDa), true)
  assert.equal(hasAttributes(sealed, OBJECT.fixedTpm, OBJECT.restricted), false)
})
