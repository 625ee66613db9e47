import type { Builtin, Runtime } from '../../codegen/runtime.ts'
import { BuiltinError } from '../../errors.ts'
import type { Value } from '../../values/value.ts'
import { fromBytes, toBytes } from '../bytes.ts'
import { text } from '../operands.ts'
import { sameBytes } from '../same-bytes.ts'
import { ALGORITHMS, mac, verifies } from './algorithms.ts'
import { decodeVerify } from './decode-verify.ts'
import { candidates, verificationKeys } from './keys.ts'
import { encodeSign, encodeSignRaw } from './sign.ts'
import { decodeHeader, decodePart, jsonObject, readHeader, signedPart, splitToken } from './token.ts'

/** JSON Web Tokens: read, verified, signed. */
export const JWT: Readonly<Record<string, Builtin>> = {
  'io.jwt.decode': (runtime, token) => decode(runtime, text(token, 1)),
  'io.jwt.decode_verify': decodeVerify,
  'io.jwt.encode_sign': encodeSign,
  'io.jwt.encode_sign_raw': encodeSignRaw,
  ...Object.fromEntries([...ALGORITHMS.keys()].map((alg) => [`io.jwt.verify_${alg.toLowerCase()}`, verifier(alg)])),
}

/** [header, payload, signature in hex], of the innermost where a token holds tokens. */
function decode(runtime: Runtime, outer: string): Value {
  for (let encoded = outer; ; ) {
    runtime.charge(encoded.length >> 4)
    const token = splitToken(encoded)
    const header = decodeHeader(token)
    const payload = fromBytes(decodePart(token.payload, 'payload'))
    const cty = header.get('cty')
    if (cty !== undefined && typeof cty !== 'string') throw new BuiltinError('cty: must be a string')
    if (cty !== 'JWT') return [header, jsonObject(payload, 'payload'), decodePart(token.signature, 'signature').toString('hex')]
    // A token inside is often quoted, as a JSON string.
    encoded = payload.replace(/^["']+|["']+$/g, '')
  }
}

function verifier(alg: string): Builtin {
  const algorithm = ALGORITHMS.get(alg)!
  const { hash } = algorithm
  if (algorithm.family === 'HS' && hash !== null) {
    return (runtime, token, secret) => {
      const parts = splitToken(charged(runtime, token))
      return sameBytes(mac(hash, toBytes(text(secret, 2)), signedPart(parts)), decodePart(parts.signature, 'signature'))
    }
  }
  return (runtime, token, source) => {
    const parts = splitToken(charged(runtime, token))
    const keys = verificationKeys(runtime, text(source, 2))
    const signature = decodePart(parts.signature, 'signature')
    const header = readHeader(decodeHeader(parts))
    return candidates(keys, header.kid, header.alg).some(({ key }) => verifies(algorithm, key, signedPart(parts), signature, 'lenient'))
  }
}

function charged(runtime: Runtime, token: Value): string {
  const encoded = text(token, 1)
  runtime.charge(encoded.length >> 4)
  return encoded
}
