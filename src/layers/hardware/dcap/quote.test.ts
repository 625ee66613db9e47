import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { QuoteAuthority } from '../../../../test/kit/dcap.ts'
import { readQuote } from './quote.ts'

const authority = new QuoteAuthority()
const FORMS = [
  { version: 3 },
  { version: 4 },
  { version: 4, tee: 'SGX' },
  { version: 5, bodyType: 1, tee: 'SGX' },
  { version: 5, bodyType: 2 },
  { version: 5, bodyType: 3 },
] as const

const refused = (bytes: Buffer, at: RegExp) => assert.throws(() => readQuote(bytes), { code: 'FORMAT', at })
const spoilt = (bytes: Buffer, spoil: (copy: Buffer) => void) => {
  const copy = Buffer.from(bytes)
  spoil(copy)
  return copy
}

describe('a quote', () => {
  for (const form of FORMS) {
    test(`is read to its end: ${JSON.stringify(form)}`, () => {
      const bytes = authority.quote(form)
      const quote = readQuote(bytes)
      assert.equal(quote.version, form.version)
      assert.equal(quote.tee, 'tee' in form ? form.tee : form.version === 3 ? 'SGX' : 'TDX')
      assert.equal(quote.bodyType, form.version === 5 ? form.bodyType : undefined)
      assert.equal(quote.length, bytes.length)
      assert.equal(quote.trailing, 0)
      assert.equal(quote.certification.type, 5)
      assert.deepEqual(quote.certification.data, authority.pckChain())
      assert.equal(quote.qe.authData.length, 32)
      if (quote.body.tee === 'SGX') assert.equal(quote.body.mrEnclave.toString('hex'), '33'.repeat(32))
      else {
        assert.deepEqual(
          quote.body.rtmr.map((each) => each[47]),
          [0xa0, 0xa1, 0xa2, 0xa3],
        )
        assert.equal(quote.body.mrTd.toString('hex'), '7d'.repeat(48))
        assert.equal(quote.body.v15 === undefined, quote.bodyType !== 3)
      }
      assert.equal(quote.body.reportData.toString('hex'), '64'.repeat(64))
    })

    test(`is refused when it is cut off anywhere: ${JSON.stringify(form)}`, () => {
      const bytes = authority.quote(form)
      for (let length = 0; length < bytes.length; length++) refused(bytes.subarray(0, length), /^\w[\w, ]* at byte \d+$/)
    })
  }

  test('of another version, kind or key is refused by name', () => {
    const bytes = authority.quote({ version: 4 })
    for (const version of [0, 1, 2, 6, 0x0400])
      refused(
        spoilt(bytes, (copy) => copy.writeUInt16LE(version)),
        /^version/,
      )
    for (const type of [0, 1, 3, 0x0200])
      refused(
        spoilt(bytes, (copy) => copy.writeUInt16LE(type, 2)),
        /^attestationKeyType/,
      )
    for (const tee of [1, 0x80, 0x8100_0000])
      refused(
        spoilt(bytes, (copy) => copy.writeUInt32LE(tee, 4)),
        /^teeType/,
      )
    refused(
      spoilt(authority.quote({ version: 3 }), (copy) => copy.writeUInt32LE(0x81, 4)),
      /^teeType/,
    )
    const five = authority.quote({ version: 5 })
    for (const body of [0, 1, 4, 0x0300])
      refused(
        spoilt(five, (copy) => copy.writeUInt16LE(body, 48)),
        /^bodyType/,
      )
    refused(
      spoilt(five, (copy) => copy.writeUInt32LE(584, 50)),
      /^bodySize/,
    )
  })

  test('whose lengths do not add up is refused, and nothing is allocated for them', () => {
    for (const form of FORMS) {
      const bytes = authority.quote(form)
      const at = readQuote(bytes).signed.length
      for (const length of [0, 128, 0x7fff_ffff, 0xffff_ffff])
        refused(
          spoilt(bytes, (copy) => copy.writeUInt32LE(length, at)),
          / at byte /,
        )
      const longer = spoilt(Buffer.concat([bytes, Buffer.alloc(1)]), (copy) => copy.writeUInt32LE(copy.readUInt32LE(at) + 1, at))
      refused(longer, /^signatureData/)
    }
  })

  test('names its platform in the sizes that there are, or certifies it', () => {
    const sizes: Readonly<Record<number, readonly number[]>> = { 1: [34, 36], 2: [276], 3: [404] }
    for (const [type, allowed] of Object.entries(sizes)) {
      for (const size of allowed) {
        const { certification } = readQuote(authority.quote({ certification: { type: Number(type), data: Buffer.alloc(size) } }))
        assert.equal(certification.data.length, size)
      }
      refused(authority.quote({ certification: { type: Number(type), data: Buffer.alloc(35) } }), /^certificationType/)
    }
    for (const type of [0, 4, 6, 7, 8, 0x0500])
      refused(authority.quote({ certification: { type, data: authority.pckChain() } }), /^certificationType/)
  })
})
