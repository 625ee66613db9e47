import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { QuoteAuthority } from '../../../../test/kit/dcap.ts'
import { type Change, goTdxQuote } from '../../../../test/kit/go-tee.ts'
import { readGoTdxQuote } from './go-tdx-guest.ts'

const authority = new QuoteAuthority()
const quote = authority.quote({ version: 4 })
type Changes = NonNullable<Parameters<typeof goTdxQuote>[1]>
const read = (changes?: Changes, bytes = quote) => readGoTdxQuote(goTdxQuote(bytes, changes))
const set =
  (number: number, value: bigint | Buffer): Change =>
  (fields) => [...fields.filter(([each]) => each !== number), [number, value]]
const without =
  (number: number): Change =>
  (fields) =>
    fields.filter(([each]) => each !== number)
const twice =
  (number: number): Change =>
  (fields) => [...fields, fields.find(([each]) => each === number)!]

describe('a quote that go-tdx-guest took apart', () => {
  test('is put together again, byte for byte, without what nobody has signed', () => {
    assert.deepEqual(read(), quote)
    assert.deepEqual(read({}, Buffer.concat([quote, Buffer.alloc(99)])), quote)
    const empty = authority.quote({ version: 4, authData: Buffer.alloc(0) })
    assert.deepEqual(read({}, empty), empty)
    for (let at = 0; at < 0x278; at++) {
      const changed = Buffer.from(quote)
      changed[at]! ^= 1
      try {
        assert.deepEqual(read({}, changed), changed, `byte ${at}`)
      } catch (error) {
        assert.equal((error as { code: string }).code, 'FORMAT')
        assert.ok(at < 8, `byte ${at}`)
      }
    }
  })

  test('is refused at its field where it is too long or short, there twice, missing, of another version or size', () => {
    const refused = (changes: Changes, at: string) => assert.throws(() => read(changes), { code: 'FORMAT', at })
    refused({ header: set(1, 5n) }, 'version')
    refused({ header: set(1, 0x10004n) }, 'version')
    refused({ header: twice(3) }, 'tee_type')
    refused({ header: set(7, Buffer.alloc(21)) }, 'user_data')
    refused({ body: set(7, Buffer.alloc(49)) }, 'mr_td')
    refused({ body: set(12, Buffer.alloc(63)) }, 'report_data')
    refused({ body: twice(11) }, 'rtmrs')
    refused({ body: set(11, Buffer.alloc(48)) }, 'rtmrs')
    refused({ body: set(13, Buffer.alloc(16)) }, 'field 13')
    refused({ report: without(5) }, 'mr_enclave')
    refused({ report: set(10, 0x10000n) }, 'isv_svn')
    refused({ chain: set(1, 4n) }, 'certificate_data_type')
    refused({ chain: set(2, 1n) }, 'size')
    refused({ chain: set(3, Buffer.of(1)) }, 'size')
    refused({ quote: set(3, 1n) }, 'signed_data_size')
    refused({ quote: without(4) }, 'cpu_svn')
    refused({ quote: twice(2) }, 'td_quote_body')
    assert.throws(() => read({ header: set(3, 0x82n) }), { code: 'FORMAT', at: /^teeType/ })
    assert.throws(() => read({ header: set(2, 3n) }), { code: 'FORMAT', at: /^attestationKeyType/ })
  })

  test('is refused where its message is none', () => {
    const whole = goTdxQuote(quote)
    for (const bytes of [Buffer.alloc(0), whole.subarray(0, -1), Buffer.concat([whole, whole])])
      assert.throws(() => readGoTdxQuote(bytes), { code: 'FORMAT' })
  })
})
