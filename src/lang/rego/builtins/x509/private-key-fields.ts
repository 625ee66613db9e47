import type { PrivateKey } from '../../../../formats/x509/private-key.ts'
import { BuiltinError } from '../../errors.ts'
import { encodeInteger } from '../jwt/rsa.ts'
import type { Plain } from './plain.ts'

/** The fields and names of Go's keys. An X25519 key shows none. */
export function privateKeyFields(key: PrivateKey): Plain {
  switch (key.kind) {
    case 'rsa':
      return {
        N: key.n,
        E: key.e,
        D: key.d,
        Primes: [key.p, key.q],
        Precomputed: { Dp: key.dp, Dq: key.dq, Qinv: key.qi, CRTValues: [] },
      }
    case 'ec':
      return { Curve: {}, X: key.x, Y: key.y, D: key.d }
    case 'ed25519':
      return Buffer.concat([key.secret, key.public])
    case 'x25519':
      return {}
  }
}

/** The JWK of a key (RFC 7518 §6, RFC 8037 §2). @throws BuiltinError for a curve that JWK has no name for */
export function privateKeyJwk(key: PrivateKey): Plain {
  if (key.kind === 'rsa') {
    const { n, e, d, p, q, dp, dq, qi } = key
    const members = Object.entries({ n, e, d, p, q, dp, dq, qi }).map(([name, value]) => [name, encodeInteger(value)] as const)
    return { kty: 'RSA', ...Object.fromEntries(members) }
  }
  if (key.kind === 'ec') {
    if (key.curve.name === 'P-224') throw new BuiltinError('JWK has no name for P-224')
    const text = (value: bigint) => Buffer.from(value.toString(16).padStart(2 * key.curve.bytes, '0'), 'hex').toString('base64url')
    return { kty: 'EC', crv: key.curve.name, x: text(key.x), y: text(key.y), d: text(key.d) }
  }
  const crv = key.kind === 'ed25519' ? 'Ed25519' : 'X25519'
  return { kty: 'OKP', crv, x: key.public.toString('base64url'), d: key.secret.toString('base64url') }
}
