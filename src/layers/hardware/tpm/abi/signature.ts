// TPMT_SIGNATURE (part 2, 11.3.4).
import type { ByteReader } from '../../../../formats/bytes.ts'
import { hashById } from '../../../../formats/hash.ts'
import { ALG, LIMIT } from './algorithms.ts'
import { readSized, whole } from './marshal.ts'

interface Of {
  /** TPM_ALG_ID of the scheme. */
  readonly algorithm: number
  /** TPM_ALG_ID. */
  readonly hash: number
}

export type TpmSignature =
  | (Of & { readonly kind: 'rsa'; readonly signature: Buffer })
  /** ECDSA, ECDAA, SM2 and ECSCHNORR. */
  | (Of & { readonly kind: 'ecc'; readonly r: Buffer; readonly s: Buffer })
  | (Of & { readonly kind: 'hmac'; readonly digest: Buffer })

const ECC: ReadonlySet<number> = new Set([ALG.ecdsa, ALG.ecdaa, ALG.sm2, ALG.ecSchnorr])

/** A TPMT_SIGNATURE that is all of the bytes. @throws ThymusError FORMAT */
export const readTpmSignature = (bytes: Uint8Array): TpmSignature => whole(bytes, 'TPMT_SIGNATURE', readSignature)

/** A TPMT_SIGNATURE; TPM_ALG_NULL, which signs nothing, is refused. @throws ThymusError FORMAT */
export function readSignature(reader: ByteReader): TpmSignature {
  const algorithm = reader.u16('sigAlg')
  const isRsa = algorithm === ALG.rsassa || algorithm === ALG.rsapss
  if (!isRsa && !ECC.has(algorithm) && algorithm !== ALG.hmac) reader.fail('sigAlg', `0x${algorithm.toString(16)} is no signature`)
  const hash = reader.u16('hash')
  const of = { algorithm, hash }
  if (isRsa) return { kind: 'rsa', ...of, signature: readSized(reader, LIMIT.rsa, 'sig') }
  if (algorithm !== ALG.hmac) {
    return {
      kind: 'ecc',
      ...of,
      r: readSized(reader, LIMIT.coordinate, 'signatureR'),
      s: readSized(reader, LIMIT.coordinate, 'signatureS'),
    }
  }
  const known = hashById(hash) ?? reader.fail('hash', `0x${hash.toString(16)} is a hash that is not known`)
  return { kind: 'hmac', ...of, digest: reader.bytes(known.size, 'digest') }
}
