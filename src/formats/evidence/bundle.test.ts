import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../core/errors.ts'
import { type Bundle, readBundle, writeBundle } from './bundle.ts'

const BUNDLE: Bundle = {
  about: 'node-1',
  collected: Date.UTC(2026, 10, 28),
  evidence: [{ name: 'tpm', type: 'tpm-quote', about: 'node-1', parts: { message: Buffer.of(1, 2), signature: Buffer.alloc(0) } }],
  absent: [{ type: 'tee-report', why: { code: 'TEE_ABSENT', text: 'there is none' } }],
}
const copy = (value: unknown) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>
const good = () => copy(writeBundle(BUNDLE))
const refused = (document: unknown, at: string) => assert.throws(() => readBundle(document), { code: 'EVIDENCE', at }, at)

test('what is written is read as it was, with the challenge that all of it answers', () => {
  assert.deepEqual(readBundle(good()), BUNDLE)
  const nonce = Buffer.from('a challenge')
  const [evidence] = readBundle(copy(writeBundle(BUNDLE, nonce))).evidence
  assert.deepEqual(evidence!.nonce, nonce)
})

test('a field that is wrong, missing or unknown is named', () => {
  refused({ ...good(), kind: 'Other' }, 'kind')
  refused({ ...good(), collected: 'yesterday' }, 'collected')
  refused({ ...good(), more: 1 }, 'more')
  refused({ ...good(), nonce: '!' }, 'nonce')
  refused([], 'the document')
  const [piece] = good().evidence as Record<string, unknown>[]
  const withPiece = (change: object) => ({ ...good(), evidence: [{ ...piece, ...change }] })
  refused(withPiece({ name: 'A B' }), 'evidence[0].name')
  refused(withPiece({ type: '' }), 'evidence[0].type')
  refused(withPiece({ parts: { log: '%%' } }), 'evidence[0].parts.log')
  refused(withPiece({ parts: { log: 7 } }), 'evidence[0].parts.log')
  refused(withPiece({ extra: 1 }), 'evidence[0].extra')
  refused({ ...good(), evidence: [piece, piece] }, 'evidence')
  refused({ ...good(), evidence: Array.from({ length: 65 }, (_, at) => ({ ...piece, name: `p${at}` })) }, 'evidence')
})

test('whatever JSON it is given, it answers or refuses by its code', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(good())), (value, field) => {
      for (const document of [value, { ...good(), [field]: value }])
        try {
          readBundle(document)
        } catch (error) {
          assert.ok(error instanceof ThymusError && error.code === 'EVIDENCE')
        }
    }),
  )
})
