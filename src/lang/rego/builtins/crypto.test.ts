import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { DEFAULT_LIMITS, Runtime } from '../codegen/runtime.ts'
import { fromBytes } from './bytes.ts'
import { BUILTINS } from './table.ts'

const runtime = new Runtime(DEFAULT_LIMITS, { now: 0n, clock: () => 0, random: () => 0 }, false)
const call = (name: string, ...operands: readonly string[]) => BUILTINS.get(`crypto.${name}`)!(runtime, ...operands)

test('hashes and codes are those of the bytes, whether they are text or not', () => {
  assert.equal(call('sha256', fromBytes(Buffer.from([0xff]))), 'a8100ae6aa1940d0b663bb31cd466142ebbdbd5187131b92d93818987832eb89')
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (one, two) => {
      const [a, b] = [Buffer.from(one), Buffer.from(two)]
      for (const hash of ['md5', 'sha1', 'sha256']) assert.equal(call(hash, fromBytes(a)), createHash(hash).update(a).digest('hex'))
      for (const hash of ['md5', 'sha1', 'sha256', 'sha512']) {
        assert.equal(call(`hmac.${hash}`, fromBytes(a), fromBytes(b)), createHmac(hash, b).update(a).digest('hex'))
      }
      assert.equal(call('hmac.equal', fromBytes(a), fromBytes(b)), a.equals(b))
      assert.equal(call('hmac.equal', fromBytes(a), fromBytes(Buffer.from(a))), true)
    }),
  )
})
