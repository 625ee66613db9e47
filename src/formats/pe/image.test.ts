import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { certificate, commonName, newPair } from '../../../test/kit/certificates.ts'
import { peImage, signImage } from '../../../test/kit/pe-image.ts'
import { ThymusError } from '../../core/errors.ts'
import { signatureFault } from '../cms/verify.ts'
import { imageSignatures, isOfImage } from './authenticode.ts'
import { imageDigest, readImage, sectionData, sectionDigest } from './image.ts'

const sections = {
  '.text': Buffer.from('code'),
  '.sbat': Buffer.from('sbat,1,SBAT Version,sbat,1,https://example.org\n'),
  '.bss': Buffer.alloc(0),
}
const key = newPair()
const signer = certificate({ subject: 'signer', key })
const signed = (image: Buffer) =>
  signImage(image, imageDigest(readImage(image), 'sha256'), { key, by: { issuer: commonName('signer') }, certificates: [signer] })

for (const narrow of [false, true]) {
  describe(`an image of ${narrow ? 'PE32' : 'PE32+'}`, () => {
    const bare = peImage({ sections, narrow, trailing: Buffer.from('debug da') })

    test('has the same hash before and after it is signed', () => {
      assert.deepEqual(imageDigest(readImage(signed(bare)), 'sha256'), imageDigest(readImage(bare), 'sha256'))
    })

    test('carries a signature that is of it', () => {
      const image = readImage(signed(bare))
      const [signature, ...more] = imageSignatures(image)
      assert.equal(more.length, 0)
      assert.ok(isOfImage(signature!, image))
      assert.equal(signatureFault(signature!.data, signature!.data.signers[0]!, signature!.data.certificates[0]!.publicKey), undefined)
      assert.deepEqual(imageSignatures(readImage(bare)), [])
    })

    test('is another one once any byte outside of checksum and signature is', () => {
      const whole = signed(bare)
      const { checksumAt, directoryAt } = readImage(whole)
      const free = (at: number) => (at >= checksumAt && at < checksumAt + 4) || (at >= directoryAt! && at < directoryAt! + 8)
      for (let at = 0; at < bare.length; at++) {
        const turned = Buffer.from(whole)
        turned[at]! ^= 0x10
        let accepted = false
        try {
          const image = readImage(turned)
          accepted = imageSignatures(image).some((signature) => isOfImage(signature, image))
        } catch (error) {
          assert.ok(error instanceof ThymusError)
        }
        assert.ok(!accepted || free(at), `byte ${at}`)
      }
    })

    test('cut anywhere is refused by code, or has another hash', () => {
      const whole = imageDigest(readImage(bare), 'sha256')
      for (let length = 0; length < bare.length; length++) {
        try {
          assert.notDeepEqual(imageDigest(readImage(bare.subarray(0, length)), 'sha256'), whole)
        } catch (error) {
          assert.ok(error instanceof ThymusError)
        }
      }
    })
  })
}

test('the hash leaves out the checksum and the entry of the certificate table, and nothing else', () => {
  const bytes = peImage({ sections })
  const image = readImage(bytes)
  const parts = [
    bytes.subarray(0, image.checksumAt),
    bytes.subarray(image.checksumAt + 4, image.directoryAt),
    bytes.subarray(image.directoryAt! + 8),
  ]
  assert.deepEqual(imageDigest(image, 'sha384'), createHash('sha384').update(Buffer.concat(parts)).digest())
})

test('sections are found by name and cut at their size in memory', () => {
  const image = readImage(peImage({ sections }))
  assert.deepEqual(sectionData(image, '.sbat'), sections['.sbat'])
  assert.equal(sectionData(image, '.data'), undefined)
})

test('a section is hashed as it lies in memory: cut, or filled up with zeros', () => {
  const bytes = peImage({ sections: { '.linux': Buffer.from('kernel') } })
  const inMemory = (size: number) => {
    bytes.writeUInt32LE(size, bytes.indexOf('.linux') + 8)
    return sectionDigest(readImage(bytes), '.linux', 'sha256')
  }
  const whole = Buffer.alloc(200_000)
  whole.write('kernel')
  for (const size of [3, 6, 7, 0x201, whole.length])
    assert.deepEqual(inMemory(size), createHash('sha256').update(whole.subarray(0, size)).digest(), `${size}`)
  assert.throws(() => inMemory(0xffff_ffff), { code: 'FORMAT', at: 'section .linux' })
  assert.equal(sectionDigest(readImage(bytes), '.data', 'sha256'), undefined)
})

test('tables that lie outside of the file are refused', () => {
  const whole = signed(peImage({ sections }))
  const { directoryAt } = readImage(whole)
  for (const [at, value] of [
    [0x3c, 0xffff_fff0],
    [directoryAt!, 0xffff_ffff],
    [directoryAt! + 4, 0xffff_ffff],
    [0x80 + 24 + 60, 0xffff_ffff],
  ] as const) {
    const hostile = Buffer.from(whole)
    hostile.writeUInt32LE(value, at)
    assert.throws(() => readImage(hostile), { code: 'FORMAT' })
  }
})
