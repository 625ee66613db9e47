import assert from 'node:assert/strict'
import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { certificate, newPair, pem as pemBlock } from '../../../../../test/kit/certificates.ts'
import { callBuiltin } from '../../../../../test/kit/rego-builtin.ts'

interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const b64 = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' })
const ed = generateKeyPairSync('ed25519')
const secret = { kty: 'oct', k: b64('secret') }

const pem = ({ publicKey }: Pair) => publicKey.export({ format: 'pem', type: 'spki' }).toString()
const jwk = ({ publicKey }: Pair, more: object = {}) => ({ ...publicKey.export({ format: 'jwk' }), ...more })
const privateJwk = ({ privateKey }: Pair) => privateKey.export({ format: 'jwk' })
const text = (value: unknown) => JSON.stringify(value)
const verify = (alg: string, token: string, key: string) => callBuiltin(`io.jwt.verify_${alg.toLowerCase()}`, [token, key])
const decodeVerify = (token: string, constraints: object, now = 0n) => callBuiltin('io.jwt.decode_verify', [token, constraints], { now })
const refused = [false, {}, {}]

function hs256(header: object, payload: unknown): string {
  const data = `${b64({ alg: 'HS256', ...header })}.${b64(payload)}`
  return `${data}.${createHmac('sha256', 'secret').update(data).digest('base64url')}`
}

describe('the examples of the standards', () => {
  test('HS256 (RFC 7515 A.1)', () => {
    const token =
      'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
    const key = { kty: 'oct', k: 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow' }
    const header = { typ: 'JWT', alg: 'HS256' }
    const payload = { iss: 'joe', exp: 1300819380, 'http://example.com/is_root': true }
    assert.deepEqual(callBuiltin('io.jwt.decode', [token]), [
      header,
      payload,
      Buffer.from(token.split('.')[2]!, 'base64url').toString('hex'),
    ])
    assert.deepEqual(decodeVerify(token, { cert: text(key), time: 1300819379e9 }), [true, header, payload])
    assert.deepEqual(decodeVerify(token, { cert: text(key) }, 1300819380n * 10n ** 9n), refused)
    const written = ['{"typ":"JWT",\r\n "alg":"HS256"}', '{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}']
    assert.equal(callBuiltin('io.jwt.encode_sign_raw', [...written, text(key)]), token)
  })

  test('Ed25519 (RFC 8037 A.4)', () => {
    const key = {
      kty: 'OKP',
      crv: 'Ed25519',
      d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
      x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
    }
    const token =
      'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg'
    assert.equal(callBuiltin('io.jwt.encode_sign_raw', ['{"alg":"EdDSA"}', 'Example of Ed25519 signing', text(key)]), undefined)
    const typed = callBuiltin('io.jwt.encode_sign_raw', ['{"alg":"EdDSA","typ":"text"}', 'Example of Ed25519 signing', text(key)])
    const { d: _, ...open } = key
    assert.equal(verify('EdDSA', String(typed), text(open)), true)
    assert.equal(verify('EdDSA', token, text(open)), true)
    assert.equal(verify('EdDSA', token.replace('.RX', '.QX'), text(open)), false)
  })
})

describe('what is signed', () => {
  const pairs: readonly (readonly [string, Pair])[] = [
    ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((alg) => [alg, rsa] as const),
    ['ES256', p256],
    ['ES384', p384],
    ['ES512', p521],
    ['EdDSA', ed],
  ]

  test('by each algorithm verifies by its key in every form, and by no other', () => {
    for (const [alg, pair] of pairs) {
      const token = String(callBuiltin('io.jwt.encode_sign', [{ alg, kid: 'k' }, { a: 1 }, privateJwk(pair)]))
      const set = { keys: [jwk(ed, { kid: 'x' }), jwk(p256), jwk(pair, { kid: 'k', alg })] }
      for (const key of [pem(pair), text(jwk(pair)), text(set)]) {
        assert.equal(verify(alg, token, key), true, alg)
        assert.deepEqual(decodeVerify(token, { cert: key, alg }), [true, { alg, kid: 'k' }, { a: 1 }])
      }
      const other = pair === rsa ? p256 : rsa
      assert.equal(verify(alg, token, pem(other)), false, alg)
      assert.deepEqual(decodeVerify(token, { cert: pem(other) }), refused)
      assert.deepEqual(decodeVerify(token, { cert: pem(pair), alg: 'none' }), refused)
      const [header, payload, signature] = token.split('.') as [string, string, string]
      assert.equal(verify(alg, `${header}.${b64({ a: 2 })}.${signature}`, pem(pair)), false, alg)
      assert.equal(verify(alg, `${header}.${payload}.${b64('')}`, pem(pair)), false, alg)
    }
  })

  test('by a secret verifies by that secret, and a public key is no secret', () => {
    for (const alg of ['HS256', 'HS384', 'HS512']) {
      const token = String(callBuiltin('io.jwt.encode_sign', [{ alg }, { a: 1 }, secret]))
      assert.equal(verify(alg, token, 'secret'), true)
      assert.equal(verify(alg, token, 'Secret'), false)
      assert.deepEqual(decodeVerify(token, { secret: 'secret' }), [true, { alg }, { a: 1 }])
    }
    const data = `${b64({ alg: 'HS256' })}.${b64({})}`
    for (const key of [pem(rsa), text(jwk(rsa)), pem(ed)]) {
      const forged = `${data}.${createHmac('sha256', key).update(data).digest('base64url')}`
      assert.deepEqual(decodeVerify(forged, { cert: key }), refused)
    }
  })

  test('by nobody, or by an algorithm that is none, never verifies', () => {
    for (const alg of ['none', '', 'sha256', 'RS1', 'HS256 ', 'hs256', '__proto__']) {
      const token = `${b64({ alg })}.${b64({})}.`
      for (const key of [pem(rsa), text(jwk(rsa)), text(secret)]) assert.deepEqual(decodeVerify(token, { cert: key }), refused, alg)
      assert.equal(callBuiltin('io.jwt.encode_sign', [{ alg }, {}, secret]), undefined)
    }
  })

  test('by RSA-PSS may have a salt of another length where only the signature is asked for', () => {
    const data = `${b64({ alg: 'PS256' })}.${b64({})}`
    const padding = { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 0 }
    const token = `${data}.${sign('sha256', Buffer.from(data), padding).toString('base64url')}`
    assert.equal(verify('PS256', token, pem(rsa)), true)
    assert.deepEqual(decodeVerify(token, { cert: pem(rsa) }), refused)
  })

  test('by a short RSA key verifies nowhere', () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1016 })
    const data = `${b64({ alg: 'RS256' })}.${b64({})}`
    const token = `${data}.${sign('sha256', Buffer.from(data), short.privateKey).toString('base64url')}`
    assert.equal(verify('RS256', token, pem(short)), false)
  })
})

test('claims hold within their bounds', () => {
  const claims: readonly (readonly [object, object, boolean])[] = [
    [{ iss: 'a' }, { iss: 'a' }, true],
    [{ iss: 'b' }, { iss: 'a' }, false],
    [{}, { iss: 'a' }, false],
    [{ aud: 'a' }, {}, false],
    [{ aud: 'a' }, { aud: 'a' }, true],
    [{ aud: ['b', 'a'] }, { aud: 'a' }, true],
    [{ aud: ['b', 1] }, { aud: 'a' }, false],
    [{}, { aud: 'a' }, false],
    [{ exp: 5 }, { time: 4.999e9 }, true],
    [{ exp: 5 }, { time: 5e9 }, false],
    [{ nbf: 5 }, { time: 5e9 }, true],
    [{ nbf: 5.5 }, { time: 5e9 }, false],
    [{ nbf: 2 }, {}, false],
  ]
  for (const [payload, wanted, holds] of claims) {
    const [valid] = decodeVerify(hs256({}, payload), { secret: 'secret', ...wanted }, 1_000_000_000n) as unknown[]
    assert.equal(valid, holds, text([payload, wanted]))
  }
  for (const payload of [{ exp: '5' }, { nbf: null }]) assert.equal(decodeVerify(hs256({}, payload), { secret: 'secret' }), undefined)
  const bad = [
    {},
    { secret: 'a', cert: pem(rsa) },
    { secret: 1 },
    { secret: 'a', time: -1 },
    { secret: 'a', time: '1' },
    { secret: 'a', x: 1 },
  ]
  for (const constraints of bad) assert.equal(decodeVerify(hs256({}, {}), constraints), undefined, text(constraints))
})

test('a header says what must be understood', () => {
  for (const header of [{ crit: ['x'], x: 1 }]) assert.deepEqual(decodeVerify(hs256(header, {}), { secret: 'secret' }), refused)
  for (const header of [{ crit: ['x'] }, { crit: ['kid'], kid: 'a' }])
    assert.deepEqual(decodeVerify(hs256(header, {}), { secret: 'secret' })![0 as never], true)
  for (const header of [{ crit: [] }, { crit: 'x' }, { crit: [1] }, { kid: 1 }, { typ: null }, { enc: 'A128GCM' }]) {
    assert.equal(decodeVerify(hs256(header, {}), { secret: 'secret' }), undefined, text(header))
  }
})

test('a token inside a token is the one that counts', () => {
  let token = hs256({}, { deep: true })
  for (let depth = 0; depth < 20; depth++) token = hs256({ cty: 'JWT' }, token)
  assert.deepEqual(decodeVerify(token, { secret: 'secret' }), [true, { alg: 'HS256' }, { deep: true }])
  assert.deepEqual((callBuiltin('io.jwt.decode', [token]) as unknown[])[1], { deep: true })
  assert.deepEqual(decodeVerify(hs256({ cty: 'JWT' }, hs256({}, {}).slice(0, -4).concat('AAAA')), { secret: 'secret' }), refused)
})

test('a key set with one bad key is none', () => {
  const token = hs256({}, {})
  const bad: readonly object[] = [
    { kty: 'oct', k: '' },
    { kty: 'oct', k: '!' },
    { kty: 'oct', k: 'AAAA', alg: 'XX' },
    { kty: 'oct', k: 'AAAA', kid: 1 },
    { kty: 'oct', k: 'AAAA', key_ops: 'sign' },
    { ...jwk(p256), crv: 'P-384' },
    { ...jwk(p256), x: b64('x'.repeat(32)) },
    { ...jwk(rsa), e: 'AAAC' },
    { ...jwk(ed), x: 'AAAA' },
    { ...privateJwk(ed), x: b64('x'.repeat(32)) },
    { kty: 'XX' },
  ]
  for (const key of bad) assert.equal(decodeVerify(token, { cert: text({ keys: [secret, key] }) }), undefined, text(key))
  for (const cert of ['', '{}', '[]', '{"keys":null}', '{"keys":[null]}', pem(rsa) + pem(rsa), pem(rsa).replace('MII', 'MIJ')]) {
    assert.equal(decodeVerify(token, { cert }), undefined, cert)
  }
  const broken = { ...privateJwk(rsa), p: privateJwk(rsa).q }
  assert.equal(callBuiltin('io.jwt.encode_sign', [{ alg: 'RS256' }, {}, broken]), undefined)
})

test('a certificate lends its key, in PEM or along with a JWK', () => {
  const pair = newPair()
  const made = certificate({ subject: 'x', key: pair })
  const token = String(callBuiltin('io.jwt.encode_sign', [{ alg: 'ES256' }, {}, privateJwk(pair)]))
  assert.equal(verify('ES256', token, pemBlock('CERTIFICATE', made)), true)
  assert.equal(verify('ES256', token, pemBlock('CERTIFICATE', made.subarray(1))), undefined)
  assert.equal(verify('ES256', token, pemBlock('CERTIFICATE REQUEST', made)), undefined)
  assert.equal(verify('ES256', token, text(jwk(pair, { x5c: [made.toString('base64')] }))), true)
  assert.equal(verify('ES256', token, text(jwk(pair, { x5c: ['AAAA'] }))), undefined)
  const unknown = generateKeyPairSync('rsa-pss', { modulusLength: 1024 })
  assert.equal(verify('PS256', token, pem(unknown)), undefined)
})

test('what is hostile ends as undefined', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const tokens = ['', '.', '..', '...', '.'.repeat(1_000_000), 'A'.repeat(4_000_000), `${b64(deep)}.${b64(deep)}.`, 'W10.bnVsbA.', 'é.é.é']
  for (const token of tokens) {
    assert.equal(callBuiltin('io.jwt.decode', [token]), undefined)
    assert.equal(decodeVerify(token, { secret: 'secret' }), undefined)
  }
  assert.equal(decodeVerify(hs256({}, {}), { cert: text({ keys: Array(1_001).fill(secret) }) }), undefined)
  const giant = { ...jwk(rsa), n: 'x'.repeat(1_000_000) }
  assert.equal(verify('RS256', `${b64({ alg: 'RS256' })}.e30.AAAA`, text(giant)), false)
})
