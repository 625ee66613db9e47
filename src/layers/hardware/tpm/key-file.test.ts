import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../../core/errors.ts'
import { readAllPem } from '../../../formats/pem.ts'
import { selectPcrs } from './abi/pcr-selection.ts'
import { type KeyFile, readKeyFile, writeKeyFile } from './key-file.ts'
import { authorityArea } from './signed-policy.ts'
import { sealedData, signingKey } from './templates.ts'
import type { WrittenStep } from './written-policy.ts'

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(model, { noNullPrototype: true })
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))
const key = authorityArea(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey)
const step: fc.Arbitrary<WrittenStep> = fc.oneof(
  record({
    step: fc.constant('pcr' as const),
    digest: bytes(64),
    selection: fc.uniqueArray(fc.nat(23)).map((pcrs) => [selectPcrs('sha256', pcrs)]),
  }),
  record({ step: fc.constant('authorize' as const), key: fc.constant(key), ref: bytes(66) }),
  record({ step: fc.constant('authValue' as const) }),
)
const keyFile: fc.Arbitrary<KeyFile> = record({
  kind: fc.constantFrom('key', 'sealed'),
  blob: record({
    area: fc.constantFrom(signingKey('p256', true), signingKey('rsa3072', false), sealedData(Buffer.alloc(32, 1))),
    private: bytes(300),
  }),
  parent: fc.constantFrom(0x40000001, 0x4000000b, 0x81000001),
  emptyAuth: fc.boolean(),
  policy: fc.array(step, { maxLength: 4 }),
})
const example: KeyFile = {
  ...{ kind: 'sealed', blob: { area: sealedData(Buffer.alloc(32, 1)), private: Buffer.alloc(90, 7) }, parent: 0x40000001, emptyAuth: true },
  policy: [{ step: 'authorize', key, ref: Buffer.from('disk') }, { step: 'authValue' }],
}

describe('a key file', () => {
  test('says what was written', () => {
    fc.assert(
      fc.property(keyFile, (file) => assert.deepEqual(readKeyFile(writeKeyFile(file)), file)),
      { numRuns: 100 },
    )
  })

  test('may have text around it, and nothing else inside', () => {
    const text = writeKeyFile(example)
    assert.match(text, /^-----BEGIN TSS2 PRIVATE KEY-----\n(?:[A-Za-z0-9+/=]{1,64}\n)+-----END TSS2 PRIVATE KEY-----\n$/)
    assert.deepEqual(readKeyFile(`of the disk\n${text}\nmore`), example)
    for (const wrong of ['', 'x', text.replaceAll('TSS2 ', ''), text.replace('\n', '\nAA==\n')]) {
      assert.throws(() => readKeyFile(wrong), { code: 'FORMAT' })
    }
  })

  test('that is cut off, or has a byte changed, is refused or reads as something else', () => {
    const [{ bytes: der }] = readAllPem(writeKeyFile(example)) as unknown as [{ bytes: Buffer }]
    const read = (each: Buffer) =>
      readKeyFile(`-----BEGIN TSS2 PRIVATE KEY-----\n${each.toString('base64')}\n-----END TSS2 PRIVATE KEY-----\n`)
    assert.deepEqual(read(der), example)
    for (let size = 0; size < der.length; size++) assert.throws(() => read(der.subarray(0, size)), { code: 'FORMAT' }, `${size} bytes`)
    assert.throws(() => read(Buffer.concat([der, Buffer.of(0)])), { code: 'FORMAT' })
    for (let bit = 0; bit < 8 * der.length; bit++) {
      const changed = Buffer.from(der)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      try {
        if (changed[bit >> 3] !== 0 && der[bit >> 3] === 0xff) continue // TRUE, as others write it
        assert.notDeepEqual(read(changed), example, `bit ${bit}`)
      } catch (error) {
        assert.ok(error instanceof ThymusError && error.code === 'FORMAT', `bit ${bit}: ${error}`)
      }
    }
  })
})
