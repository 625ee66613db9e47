// A secret that only the holder of a TPM's key can learn (part 1, B.10.4 for RSA, C.6.1 and C.6.4 for ECC): the salt of a session, the seed of a
// credential. The label tells these apart.
import { constants, createECDH, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'
import { ThymusError } from '../../../core/errors.ts'
import { hashById } from '../../../formats/hash.ts'
import { sized } from './abi/marshal.ts'
import type { PublicArea } from './abi/public-area.ts'
import { kdfE } from './kdf.ts'

export interface SharedSecret {
  readonly secret: Buffer
  /** The content of a TPM2B_ENCRYPTED_SECRET. */
  readonly encrypted: Buffer
}

/** Curves on which node:crypto agrees on secrets, by their TPM_ECC_CURVE. */
const CURVES: Readonly<Record<number, { readonly name: string; readonly size: number }>> = {
  3: { name: 'prime256v1', size: 32 },
  4: { name: 'secp384r1', size: 48 },
  5: { name: 'secp521r1', size: 66 },
}
const DEFAULT_EXPONENT = 65537

/** @throws ThymusError FORMAT for a key that cannot be encrypted to, or is of a kind that is not known */
export function shareSecret(area: PublicArea, label: 'SECRET' | 'IDENTITY'): SharedSecret {
  const hash = hashById(area.nameHash)
  if (hash === undefined || hash.name === 'sm3') throw unfit(`its hash 0x${area.nameHash.toString(16)} is not known`)
  if (area.type === 'rsa') {
    const secret = randomBytes(hash.size)
    const key = {
      key: rsaKey(area.modulus, area.exponent),
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: hash.name,
      oaepLabel: Buffer.from(`${label}\0`, 'latin1'),
    }
    return { secret, encrypted: publicEncrypt(key, secret) }
  }
  if (area.type !== 'ecc') throw unfit(`a key of type ${area.type} shares no secrets`)
  const curve = CURVES[area.curve]
  if (curve === undefined) throw unfit(`its curve 0x${area.curve.toString(16)} is not known`)
  const [x, y] = [padded(area.x, curve.size), padded(area.y, curve.size)]
  const ephemeral = createECDH(curve.name)
  const own = ephemeral.generateKeys().subarray(1)
  const ownX = own.subarray(0, curve.size)
  const z = agreed(() => ephemeral.computeSecret(Buffer.concat([Buffer.of(4), x, y])))
  return {
    secret: kdfE(hash.name, z, label, ownX, x, 8 * hash.size),
    encrypted: Buffer.concat([sized(ownX), sized(own.subarray(curve.size))]),
  }
}

function rsaKey(modulus: Buffer, exponent: number) {
  const e = Buffer.alloc(4)
  e.writeUInt32BE(exponent || DEFAULT_EXPONENT)
  return agreed(() => createPublicKey({ format: 'jwk', key: { kty: 'RSA', n: modulus.toString('base64url'), e: e.toString('base64url') } }))
}

/** A public key that is none is the TPM's fault, or that of somebody who stands before it. */
function agreed<T>(use: () => T): T {
  try {
    return use()
  } catch (cause) {
    throw new ThymusError('FORMAT', 'the public key is none', { at: 'unique', cause })
  }
}

function padded(coordinate: Buffer, size: number): Buffer {
  if (coordinate.length > size) throw unfit('a coordinate is longer than its curve')
  return Buffer.concat([Buffer.alloc(size - coordinate.length), coordinate])
}

const unfit = (why: string) => new ThymusError('FORMAT', `no secret can be encrypted to the key: ${why}`, { at: 'publicArea' })
