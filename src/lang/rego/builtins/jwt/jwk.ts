// JSON Web Keys (RFC 7517, RFC 7518 §6, RFC 8037 §2). A set with one bad key is no set: a key that should not be there must not go unseen.
import { createPrivateKey, createPublicKey, type JsonWebKeyInput, type KeyObject } from 'node:crypto'
import { decodeBase64 } from '../../../../formats/base64.ts'
import { readCertificate } from '../../../../formats/x509/certificate.ts'
import { BuiltinError } from '../../errors.ts'
import { readJson } from '../../values/text.ts'
import { isArray, RegoObject, type Value } from '../../values/value.ts'
import { type Key, publicKey } from './key.ts'
import { encodeInteger, rsaPrivateJwk } from './rsa.ts'

export interface Jwk {
  readonly alg: string
  readonly kid: string
  /** Throws BuiltinError where parts are missing that only the use of a key needs. */
  readonly key: () => Key
}

const MAX_KEYS = 1_000
const MAX_CHAIN = 10

/** What `alg` of a key may name (IANA "JSON Web Signature and Encryption Algorithms"), whether a token may be signed by it or not. */
const REGISTERED: ReadonlySet<string> = new Set(
  `ES256 ES256K ES384 ES512 EdDSA Ed25519 HS256 HS384 HS512 none PS256 PS384 PS512 RS256 RS384 RS512
  RSA1_5 RSA-OAEP RSA-OAEP-256 RSA-OAEP-384 RSA-OAEP-512 A128KW A192KW A256KW dir ECDH-ES ECDH-ES+A128KW ECDH-ES+A192KW ECDH-ES+A256KW
  A128GCMKW A192GCMKW A256GCMKW PBES2-HS256+A128KW PBES2-HS384+A192KW PBES2-HS512+A256KW
  A128CBC-HS256 A192CBC-HS384 A256CBC-HS512 A128GCM A192GCM A256GCM`.split(/\s+/),
)
const EC_BYTES: ReadonlyMap<string, number> = new Map([
  ['P-256', 32],
  ['P-384', 48],
  ['P-521', 66],
])
const OKP_BYTES = 32

/** The keys of a JWK or a set. @throws BuiltinError for what is neither */
export function readJwks(text: string): readonly Jwk[] {
  const document = parse(text)
  if (!(document instanceof RegoObject)) throw new BuiltinError('a JWK is a JSON object')
  const keys = document.get('keys')
  if (keys === undefined) return [readJwk(document)]
  if (!isArray(keys)) throw new BuiltinError('"keys" of a JWK set is no array')
  if (keys.length > MAX_KEYS) throw new BuiltinError(`more than ${MAX_KEYS} keys in a JWK set`)
  return keys.map((key) => {
    if (key instanceof RegoObject) return readJwk(key)
    throw new BuiltinError('a JWK is a JSON object')
  })
}

function parse(text: string): Value {
  try {
    return readJson(text)
  } catch (error) {
    throw new BuiltinError(`failed to parse a JWK key (set): ${(error as Error).message}`)
  }
}

function readJwk(jwk: RegoObject): Jwk {
  const alg = jwk.has('alg') ? string(jwk, 'alg') : undefined
  if (alg !== undefined && !REGISTERED.has(alg)) throw new BuiltinError('"alg" of a JWK is not registered')
  for (const name of ['use', 'x5u', 'x5t', 'x5t#S256']) string(jwk, name)
  checkOperations(jwk.get('key_ops'))
  if (jwk.has('x5c')) checkChain(jwk.get('x5c')!)
  return { alg: alg ?? '', kid: string(jwk, 'kid'), key: reader(jwk) }
}

function reader(jwk: RegoObject): () => Key {
  const kty = string(jwk, 'kty')
  if (kty === 'oct') {
    const secret = bytes(jwk, 'k', 1)
    return () => ({ kind: 'secret', secret })
  }
  const isPrivate = jwk.has('d')
  if (kty === 'RSA') return rsa(jwk, isPrivate)
  if (kty === 'EC') return ec(jwk, isPrivate)
  if (kty === 'OKP') return okp(jwk, isPrivate)
  throw new BuiltinError('"kty" of a JWK is none of RSA, EC, OKP and oct')
}

function rsa(jwk: RegoObject, isPrivate: boolean): () => Key {
  const n = integer(jwk, 'n')
  const e = integer(jwk, 'e')
  if (n === 0n || e % 2n === 0n || e >= 1n << 63n)
    throw new BuiltinError('an RSA key has no modulus, or no odd exponent of at most 63 bits')
  const d = isPrivate ? integer(jwk, 'd') : undefined
  const p = isPrivate && jwk.has('p') ? integer(jwk, 'p', 0) : undefined
  const q = isPrivate && jwk.has('q') ? integer(jwk, 'q', 0) : undefined
  const [dp, dq, qi] = ['dp', 'dq', 'qi'].map((name) => (isPrivate && jwk.has(name) ? integer(jwk, name, 0) : undefined))
  const given = { dp, dq, qi }
  const open = { kty: 'RSA', n: encodeInteger(n), e: encodeInteger(e) }
  return () => {
    if (d !== undefined && (p === undefined || q === undefined)) throw new BuiltinError('a private RSA key has no primes')
    // A modulus that OpenSSL does not take verifies nothing.
    const key = attempt(() => publicKey(importPublic(open))) ?? { kind: 'other' }
    if (d === undefined || key.kind !== 'rsa') return key
    return { ...key, isPrivate, signer: () => importPrivate({ ...open, ...rsaPrivateJwk({ n, e, d, p: p!, q: q! }, given) }) }
  }
}

function ec(jwk: RegoObject, isPrivate: boolean): () => Key {
  const crv = string(jwk, 'crv')
  const size = EC_BYTES.get(crv)
  if (size === undefined) throw new BuiltinError('"crv" of an EC key is none of P-256, P-384 and P-521')
  const [x, y] = [bytes(jwk, 'x', size, size), bytes(jwk, 'y', size, size)]
  const d = isPrivate ? bytes(jwk, 'd', size, size) : undefined
  const open = { kty: 'EC', crv, x: x.toString('base64url'), y: y.toString('base64url') }
  const key = publicKey(importPublic(open))
  return () => {
    if (d === undefined || key.kind !== 'ec') return key
    return { ...key, isPrivate, signer: () => importPrivate({ ...open, d: d.toString('base64url') }) }
  }
}

function okp(jwk: RegoObject, isPrivate: boolean): () => Key {
  const crv = string(jwk, 'crv')
  if (!['Ed25519', 'X25519', 'Ed448', 'X448'].includes(crv)) throw new BuiltinError('"crv" of an OKP key is not known')
  const known = crv === 'Ed25519' || crv === 'X25519'
  const [min, max] = known ? [OKP_BYTES, OKP_BYTES] : [1, undefined]
  const x = bytes(jwk, 'x', min, max)
  const d = isPrivate ? bytes(jwk, 'd', min, max) : undefined
  return () => {
    if (!known) throw new BuiltinError(`${crv} is not supported`)
    if (crv === 'X25519') return { kind: 'other' }
    const open = { kty: 'OKP', crv, x: x.toString('base64url') }
    const key = publicKey(importPublic(open))
    if (d === undefined || key.kind !== 'ed25519') return key
    const signer = importPrivate({ ...open, d: d.toString('base64url') })
    if (createPublicKey(signer).export({ format: 'jwk' }).x !== open.x) throw new BuiltinError('"x" of an Ed25519 key is not that of "d"')
    return { ...key, isPrivate, signer: () => signer }
  }
}

function importPublic(key: JsonWebKeyInput['key']): KeyObject {
  const imported = attempt(() => createPublicKey({ key, format: 'jwk' }))
  if (imported === undefined) throw new BuiltinError('a JWK is no public key')
  return imported
}

function importPrivate(key: JsonWebKeyInput['key']): KeyObject {
  const imported = attempt(() => createPrivateKey({ key, format: 'jwk' }))
  if (imported === undefined) throw new BuiltinError('a JWK is no private key')
  return imported
}

/** OpenSSL's errors say nothing that a policy could use. */
function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

/** Absent and null are empty. */
function string(jwk: RegoObject, name: string): string {
  const value = jwk.get(name) ?? ''
  if (typeof value !== 'string') throw new BuiltinError(`"${name}" of a JWK is no string`)
  return value
}

/** In any of the four kinds of base64: some issuers pad, and some take the plain alphabet. */
function bytes(jwk: RegoObject, name: string, min = 0, max = Number.POSITIVE_INFINITY): Buffer {
  const text = string(jwk, name)
  const value = decodeBase64(text, { url: !/[+/]/.test(text), padded: text.endsWith('=') })
  if (value === undefined || value.length < min || value.length > max) throw new BuiltinError(`"${name}" of a JWK is missing or malformed`)
  return value
}

function integer(jwk: RegoObject, name: string, min = 1): bigint {
  return BigInt(`0x0${bytes(jwk, name, min).toString('hex')}`)
}

function checkOperations(value: Value | undefined): void {
  if (value === undefined || value === null) return
  if (!isArray(value) || value.some((name) => typeof name !== 'string')) throw new BuiltinError('"key_ops" of a JWK is no list of strings')
}

/** Certificates that a key brings along are not used, but they must be some (RFC 7517 §4.7). */
function checkChain(value: Value): void {
  const texts = isArray(value) && value.length <= MAX_CHAIN ? value : undefined
  const sound = texts?.every((text) => {
    const der = typeof text === 'string' ? decodeBase64(text.replace(/[ \t\f\v]/g, ''), { padded: true }) : undefined
    return der !== undefined && attempt(() => readCertificate(der)) !== undefined
  })
  if (!sound) throw new BuiltinError('"x5c" of a JWK is no list of certificates')
}
