// A result as a JSON Web Token (RFC 7515 §3.1, RFC 7519). The key alone says by which algorithm it signs: what a header names is held to it, so
// neither `none` nor an algorithm of another family can be asked for.
import { type KeyObject, sign, verify } from 'node:crypto'
import { ThymusError } from '../../core/errors.ts'
import { decodeBase64 } from '../base64.ts'
import { type Ear, readEar, writeEar } from './ear.ts'

/** RFC 7518 §3.4, RFC 8037 §3.1. */
const ALGORITHMS = [
  { name: 'ES256', type: 'ec', curve: 'prime256v1', hash: 'sha256' },
  { name: 'ES384', type: 'ec', curve: 'secp384r1', hash: 'sha384' },
  { name: 'EdDSA', type: 'ed25519', curve: undefined, hash: null },
] as const

const MAX_TOKEN = 4 << 20
/** Of the clocks of two machines, in seconds. */
const CLOCK_SKEW = 60

/** A signed result. @throws ThymusError EVIDENCE for a key that cannot sign; FORMAT for a result that cannot be read */
export function signEar(ear: Ear, key: KeyObject): string {
  const { name, hash } = algorithmOf(key)
  const signed = [{ typ: 'JWT', alg: name }, writeEar(ear)].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${signed}.${sign(hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

/**
 * The result that a token holds, if this key signed it and it is still to be used.
 * @param now ms since 1970
 * @throws ThymusError FORMAT for what is no such token; UNTRUSTED where the signature is not that of the key, or the time is over or not yet there
 */
export function verifyEar(token: string, key: KeyObject, now: number): Ear {
  const { claims, algorithm, signed, signature } = readToken(token)
  const { name, hash } = algorithmOf(key)
  if (algorithm !== name) throw new ThymusError('UNTRUSTED', `the token is signed by another algorithm than ${name}, that of the key`)
  if (!verify(hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, signature))
    throw new ThymusError('UNTRUSTED', 'the signature of the token is not that of the key')
  const ear = readEar(claims)
  const seconds = now / 1000
  if (ear.expires !== undefined && seconds >= ear.expires) throw new ThymusError('UNTRUSTED', 'the result has expired', { at: 'exp' })
  if (ear.issuedAt > seconds + CLOCK_SKEW) throw new ThymusError('UNTRUSTED', 'the result is of a time to come', { at: 'iat' })
  const { nbf } = claims
  if (nbf !== undefined && (typeof nbf !== 'number' || nbf > seconds + CLOCK_SKEW))
    throw new ThymusError('UNTRUSTED', 'the result must not be used yet', { at: 'nbf' })
  return ear
}

/** What a token says, whoever signed it: to be shown, never to be believed. @throws ThymusError FORMAT */
export const unverifiedEar = (token: string): Ear => readEar(readToken(token).claims)

function readToken(token: string) {
  const parts = token.split('.')
  if (token.length > MAX_TOKEN || parts.length !== 3) throw new ThymusError('FORMAT', 'no token of three parts', { at: 'token' })
  const [header, payload, signature] = parts.map((part, at) => partOf(part, at)) as [Buffer, Buffer, Buffer]
  const { alg, crit } = objectOf(header, 'header')
  if (crit !== undefined) throw new ThymusError('FORMAT', 'it asks for extensions that are not known', { at: 'crit' })
  return { claims: objectOf(payload, 'payload'), algorithm: alg, signed: `${parts[0]}.${parts[1]}`, signature }
}

function partOf(part: string, at: number): Buffer {
  const bytes = decodeBase64(part, { url: true, padded: false })
  if (bytes === undefined) throw new ThymusError('FORMAT', 'no base64url', { at: `part ${at + 1} of the token` })
  return bytes
}

function objectOf(bytes: Buffer, at: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {}
  throw new ThymusError('FORMAT', 'no object in JSON', { at })
}

function algorithmOf(key: KeyObject) {
  const curve = key.asymmetricKeyDetails?.namedCurve
  const found = ALGORITHMS.find((each) => each.type === key.asymmetricKeyType && each.curve === curve)
  if (found === undefined) throw new ThymusError('EVIDENCE', 'the key is none of P-256, P-384 and Ed25519')
  return found
}
