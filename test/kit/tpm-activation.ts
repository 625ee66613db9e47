// TPM2_ActivateCredential (part 3, 12.5) for an endorsement key whose private half is at hand.
import { constants, createDecipheriv, createECDH, createHmac, createPublicKey, privateDecrypt } from 'node:crypto'
import { hashById } from '../../src/formats/hash.ts'
import { type CredentialBlob, readIdObject } from '../../src/layers/hardware/tpm/abi/credential.ts'
import { readSized, whole } from '../../src/layers/hardware/tpm/abi/marshal.ts'
import { kdfa, kdfe } from '../../src/layers/hardware/tpm/kdf.ts'
import type { TpmKey } from './tpm-evidence.ts'

const CURVES: Readonly<Record<string, string>> = { 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' }

/** The secret of a credential for the object of that name. Throws where it is for another, or for another key. */
export function openCredential(key: TpmKey, name: Uint8Array, { idObject, secret }: CredentialBlob): Buffer {
  const { area } = key
  const hash = hashById(area.nameHash)!
  const keyBits = area.type === 'rsa' || area.type === 'ecc' ? area.symmetric!.keyBits : 0
  const none = Buffer.alloc(0)
  const seed = area.type === 'rsa' ? decrypted(key, hash.name, secret) : agreed(key, secret)
  const { integrity, identity } = readIdObject(idObject)
  const hmac = createHmac(hash.name, kdfa(hash, seed, 'INTEGRITY', none, none, 8 * hash.size))
  if (
    !hmac
      .update(Buffer.concat([identity, name]))
      .digest()
      .equals(integrity)
  )
    throw new Error('integrity: TPM_RC_INTEGRITY')
  const cipher = createDecipheriv(`aes-${keyBits}-cfb`, kdfa(hash, seed, 'STORAGE', name, none, keyBits), Buffer.alloc(16))
  return whole(Buffer.concat([cipher.update(identity), cipher.final()]), 'credential', (reader) =>
    readSized(reader, hash.size, 'credential'),
  )
}

function decrypted({ privateKey }: TpmKey, oaepHash: string, secret: Buffer): Buffer {
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  return privateDecrypt({ key: privateKey, padding, oaepHash, oaepLabel: Buffer.from('IDENTITY\0') }, secret)
}

function agreed({ area, privateKey }: TpmKey, secret: Buffer): Buffer {
  const { d, crv } = privateKey.export({ format: 'jwk' })
  const own = Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x!, 'base64url')
  const [x, y] = whole(secret, 'point', (reader) => [readSized(reader, own.length, 'x'), readSized(reader, own.length, 'y')] as const)
  const ecdh = createECDH(CURVES[crv!]!)
  ecdh.setPrivateKey(Buffer.from(d!, 'base64url'))
  const hash = hashById(area.nameHash)!
  return kdfe(hash, ecdh.computeSecret(Buffer.concat([Buffer.of(4), x, y])), 'IDENTITY', x, own, 8 * hash.size)
}
