// No bit of a quote can be turned over, from its first byte to its last.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NOW, QuoteAuthority } from '../../../../test/kit/dcap.ts'
import { ThymusError } from '../../../core/errors.ts'
import { Platforms } from './platform.ts'
import { readQuote } from './quote.ts'
import { QuoteVerifier } from './verify.ts'

const authority = new QuoteAuthority()
const verifier = new QuoteVerifier(authority.anchors)

/** The bits of `from` to `to` whose turning over is accepted, as `byte.bit`. */
function survivors(bytes: Buffer, from: number, to: number, accepts: (bytes: Buffer) => boolean): readonly string[] {
  const found: string[] = []
  for (let at = from; at < to; at++) {
    for (let bit = 0; bit < 8; bit++) {
      bytes[at]! ^= 1 << bit
      try {
        if (accepts(bytes)) found.push(`${at}.${bit}`)
      } catch (error) {
        if (!(error instanceof ThymusError)) throw error
      }
      bytes[at]! ^= 1 << bit
    }
  }
  return found
}

/** Nothing is found against it, but for what needs collateral. */
const accepts = (bytes: Buffer) => verifier.verify(readQuote(bytes), { now: NOW }).checks.every(({ verdict }) => verdict.is !== 'fail')

describe('every bit that is turned over is found', () => {
  for (const request of [{ version: 3 }, { version: 4 }, { version: 5 }] as const) {
    test(`in all of a quote but its certificates: ${JSON.stringify(request)}`, () => {
      const quote = authority.quote(request)
      const certificates = quote.length - authority.pckChain().length
      assert.ok(accepts(quote))
      assert.deepEqual(survivors(quote, 0, certificates, accepts), [])
    })
  }

  test('in its certificates', () => {
    const chain = authority.pckChain()
    const platforms = new Platforms(authority.anchors)
    const isTrusted = (bytes: Buffer) => {
      const platform = platforms.ofQuote(bytes)
      return typeof platform !== 'string' && typeof platform.chain !== 'string'
    }
    assert.ok(isTrusted(chain))
    assert.deepEqual(survivors(chain, 0, chain.length, isTrusted), [])
  })
})

test('bytes behind the quote are nobody’s, and are counted', () => {
  const quote = readQuote(Buffer.concat([authority.quote(), Buffer.from('behind')]))
  assert.equal(quote.trailing, 6)
  assert.ok(verifier.verify(quote, { now: NOW }).checks.every(({ verdict }) => verdict.is !== 'fail'))
})
