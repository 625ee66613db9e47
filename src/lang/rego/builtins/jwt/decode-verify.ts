// io.jwt.decode_verify: signature, then the claims that a policy constrains and those that constrain themselves (RFC 7519 §4.1, §7.2).
import type { Runtime } from '../../codegen/runtime.ts'
import { BuiltinError } from '../../errors.ts'
import { toDouble } from '../../values/big-float.ts'
import { compareNumbers, type RegoNumber, readNumber } from '../../values/decimal.ts'
import { isArray, isNumber, RegoObject, type Value } from '../../values/value.ts'
import { fromBytes, toBytes } from '../bytes.ts'
import { object, text } from '../operands.ts'
import { ALGORITHMS, type Algorithm, verifies } from './algorithms.ts'
import { candidates, type VerificationKey, verificationKeys } from './keys.ts'
import { decodeHeader, decodePart, type Header, jsonObject, readHeader, signedPart, splitToken } from './token.ts'

interface Constraints {
  readonly keys: readonly VerificationKey[]
  readonly alg: string
  readonly iss: string
  readonly aud: string
  /** Seconds since 1970. */
  readonly time: RegoNumber
}

/** RFC 8037's algorithm by its name of RFC 9864; a key may not name it, and nothing is signed by it. */
const ED25519: Algorithm = { family: 'Ed', hash: null }

/** [whether all holds, header, payload]; the latter two are empty where it does not. */
export function decodeVerify(runtime: Runtime, token: Value, constraints: Value): Value {
  const wanted = readConstraints(object(constraints, 2), runtime)
  const verified = verifiedPart(runtime, text(token, 1), wanted)
  if (verified === undefined || !claimsHold(verified.payload, wanted)) return [false, new RegoObject(), new RegoObject()]
  return [true, verified.header, verified.payload]
}

/** Header and payload of the innermost token; undefined where a signature does not hold. Each layer is a quarter smaller than the one around it. */
function verifiedPart(runtime: Runtime, outer: string, wanted: Constraints): { header: RegoObject; payload: RegoObject } | undefined {
  for (let encoded = outer; ; ) {
    runtime.charge(encoded.length >> 4)
    const token = splitToken(encoded)
    const header = decodeHeader(token)
    const read = readHeader(header)
    if (read.alg === '' || read.criticalUnknown || (wanted.alg !== '' && wanted.alg !== read.alg)) return undefined
    const signature = decodePart(token.signature, 'signature')
    if (!signatureHolds(read, signedPart(token), signature, wanted.keys)) return undefined
    const payload = fromBytes(decodePart(token.payload, 'payload'))
    if (read.cty.toUpperCase() !== 'JWT') return { header, payload: jsonObject(payload, 'payload') }
    encoded = payload
  }
}

function signatureHolds({ alg, kid }: Header, data: Buffer, signature: Buffer, keys: readonly VerificationKey[]): boolean {
  const algorithm = alg === 'Ed25519' ? ED25519 : ALGORITHMS.get(alg)
  if (algorithm === undefined) return false
  return candidates(keys, kid, alg).some(({ key }) => verifies(algorithm, key, data, signature, 'rfc7518'))
}

function claimsHold(payload: RegoObject, { iss, aud, time }: Constraints): boolean {
  if (iss !== '' && payload.get('iss') !== iss) return false
  const audience = payload.get('aud')
  if (audience === undefined ? aud !== '' : !(audience === aud || (isArray(audience) && audience.includes(aud)))) return false
  const expires = seconds(payload, 'exp')
  if (expires !== undefined && compareNumbers(time, expires) >= 0) return false
  const begins = seconds(payload, 'nbf')
  return begins === undefined || compareNumbers(time, begins) >= 0
}

function seconds(payload: RegoObject, claim: string): RegoNumber | undefined {
  const value = payload.get(claim)
  if (value !== undefined && !isNumber(value)) throw new BuiltinError(`${claim} value must be a number`)
  return value
}

function readConstraints(constraints: RegoObject, runtime: Runtime): Constraints {
  for (const [name] of constraints.entries()) {
    if (!['cert', 'secret', 'alg', 'iss', 'aud', 'time'].includes(String(name))) {
      throw new BuiltinError(`unknown token validation constraint: ${String(name)}`)
    }
  }
  const word = (name: string) => {
    const value = constraints.get(name) ?? ''
    if (typeof value !== 'string') throw new BuiltinError(`${name} constraint: must be a string`)
    return value
  }
  const [cert, secret] = [constraints.has('cert') ? word('cert') : undefined, word('secret')]
  if (cert !== undefined && secret !== '') throw new BuiltinError('duplicate key constraints')
  if (cert === undefined && secret === '') throw new BuiltinError('no key constraint')
  const time = constraints.get('time') ?? readNumber(runtime.surroundings.now.toString())!
  if (!isNumber(time)) throw new BuiltinError('token time constraint: must be a number')
  const nanoseconds = toDouble(time)
  if (!(nanoseconds >= 0 && nanoseconds < Number.POSITIVE_INFINITY)) throw new BuiltinError('token time constraint: must not be negative')
  return {
    keys: cert === undefined ? [{ alg: '', kid: '', key: { kind: 'secret', secret: toBytes(secret) } }] : verificationKeys(runtime, cert),
    alg: word('alg'),
    iss: word('iss'),
    aud: word('aud'),
    time: nanoseconds / 1e9,
  }
}
