import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { test } from 'node:test'
import { EAR_PROFILE, type Ear, writeEar } from './ear.ts'
import { signEar, unverifiedEar, verifyEar } from './token.ts'

const NOW = 1_790_000_000_000
const EAR: Ear = {
  profile: EAR_PROFILE,
  issuedAt: NOW / 1000,
  expires: NOW / 1000 + 600,
  verifier: { developer: 'thymus', build: '0.1.0' },
  submods: { one: { status: 'affirming', vector: { hardware: 2 }, policies: [] } },
}
const PAIRS = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  EdDSA: generateKeyPairSync('ed25519'),
}
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const untrusted = (token: string, key: KeyObject, at = NOW) => assert.throws(() => verifyEar(token, key, at), { code: 'UNTRUSTED' })

for (const [name, { privateKey, publicKey }] of Object.entries(PAIRS)) {
  test(`${name}: a token is its key's, and no bit of it may change`, () => {
    const token = signEar(EAR, privateKey)
    assert.equal(JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()).alg, name)
    assert.deepEqual(verifyEar(token, publicKey, NOW), EAR)
    assert.deepEqual(unverifiedEar(token), EAR)
    const [header, payload, signature] = token.split('.') as [string, string, string]
    const bytes = Buffer.from(signature, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      untrusted(`${header}.${payload}.${flipped.toString('base64url')}`, publicKey)
    }
    const other = part({ ...writeEar(EAR), iat: NOW / 1000 - 1 })
    untrusted(`${header}.${other}.${signature}`, publicKey)
    for (const [, { publicKey: stranger }] of Object.entries(PAIRS).filter(([each]) => each !== name)) untrusted(token, stranger)
  })
}

test('neither none, nor HMAC with the public key, nor a header of another algorithm is taken', () => {
  const { privateKey, publicKey } = PAIRS.ES256
  const claims = part(writeEar(EAR))
  untrusted(`${part({ alg: 'none' })}.${claims}.`, publicKey)
  const hmac = `${part({ alg: 'HS256' })}.${claims}`
  untrusted(
    `${hmac}.${createHmac('sha256', publicKey.export({ format: 'pem', type: 'spki' }))
      .update(hmac)
      .digest('base64url')}`,
    publicKey,
  )
  for (const alg of ['ES384', 'none', 'es256', undefined]) {
    const signed = `${part({ alg })}.${claims}`
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    untrusted(`${signed}.${signature.toString('base64url')}`, publicKey)
  }
})

test('a result that must not be used yet is not (RFC 7519 §4.1.5)', () => {
  const { privateKey, publicKey } = PAIRS.EdDSA
  const from = (nbf: unknown) => {
    const signed = `${part({ alg: 'EdDSA' })}.${part({ ...writeEar(EAR), nbf })}`
    return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`
  }
  untrusted(from(NOW / 1000 + 300), publicKey)
  untrusted(from('soon'), publicKey)
  assert.deepEqual(verifyEar(from(NOW / 1000 + 300), publicKey, NOW + 400_000), EAR)
})

test('a result ends, and does not begin in the future', () => {
  const { privateKey, publicKey } = PAIRS.EdDSA
  const token = signEar(EAR, privateKey)
  verifyEar(token, publicKey, NOW + 599_999)
  untrusted(token, publicKey, NOW + 600_000)
  verifyEar(token, publicKey, NOW - 60_000)
  untrusted(token, publicKey, NOW - 61_000)
})

test('what is no token is refused by its code', () => {
  const { publicKey } = PAIRS.EdDSA
  const header = part({ alg: 'EdDSA' })
  for (const token of [
    '',
    '.',
    '..',
    'a.b',
    'a.b.c.d',
    `${header}.!.`,
    `${header}.${part(7)}.`,
    `${header}.${part([])}.`,
    `${part(null)}.${part({})}.`,
  ])
    assert.throws(() => unverifiedEar(token), { code: 'FORMAT' }, token)
  const critical = `${part({ alg: 'EdDSA', crit: ['exp'] })}.${part(writeEar(EAR))}.`
  assert.throws(() => verifyEar(critical, publicKey, NOW), { code: 'FORMAT' })
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  assert.throws(() => signEar(EAR, privateKey), { code: 'EVIDENCE' })
})
