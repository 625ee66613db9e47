// What a public area says of the algorithms that its key is for: TPMT_SYM_DEF_OBJECT, TPMT_RSA_SCHEME, TPMT_ECC_SCHEME, TPMT_KDF_SCHEME,
// TPMT_KEYEDHASH_SCHEME (part 2, 11.1 and 11.2). TPM_ALG_NULL is `null`.
import type { ByteReader } from '../../../../formats/bytes.ts'
import { ALG } from './algorithms.ts'
import { u16 } from './marshal.ts'

export interface SymmetricDefinition {
  /** TPM_ALG_ID of the block cipher. */
  readonly algorithm: number
  readonly keyBits: number
  /** TPM_ALG_ID; `ALG.null` for a key of any mode. */
  readonly mode: number
}

export interface Scheme {
  /** TPM_ALG_ID. */
  readonly algorithm: number
  /** TPM_ALG_ID; null for TPM_ALG_RSAES, which has none. */
  readonly hash: number | null
  /** Of ECDAA alone. */
  readonly count?: number
  /** Of XOR alone: TPM_ALG_ID of its KDF. */
  readonly kdf?: number
}

const BLOCK_CIPHERS: ReadonlySet<number> = new Set([ALG.tdes, ALG.aes, ALG.sm4, ALG.camellia])
const RSA_SCHEMES: ReadonlySet<number> = new Set([ALG.rsassa, ALG.rsapss, ALG.rsaes, ALG.oaep])
const ECC_SCHEMES: ReadonlySet<number> = new Set([ALG.ecdsa, ALG.ecdh, ALG.ecdaa, ALG.sm2, ALG.ecSchnorr, ALG.ecMqv])
const KDFS: ReadonlySet<number> = new Set([ALG.mgf1, ALG.kdf1Sp80056a, ALG.kdf2, ALG.kdf1Sp800108])
const KEYED_HASH_SCHEMES: ReadonlySet<number> = new Set([ALG.hmac, ALG.xor])

export function readSymmetric(reader: ByteReader, field = 'symmetric'): SymmetricDefinition | null {
  const algorithm = reader.u16(field)
  if (algorithm === ALG.null) return null
  if (!BLOCK_CIPHERS.has(algorithm)) reader.fail(field, `${hex(algorithm)} is no block cipher`)
  return { algorithm, keyBits: reader.u16(`${field}.keyBits`), mode: reader.u16(`${field}.mode`) }
}

export function writeSymmetric(symmetric: SymmetricDefinition | null): Buffer {
  return symmetric === null ? u16(ALG.null) : Buffer.concat([u16(symmetric.algorithm), u16(symmetric.keyBits), u16(symmetric.mode)])
}

export const readRsaScheme = (reader: ByteReader) => readScheme(reader, RSA_SCHEMES, 'scheme')
export const readEccScheme = (reader: ByteReader) => readScheme(reader, ECC_SCHEMES, 'scheme')
export const readKdfScheme = (reader: ByteReader) => readScheme(reader, KDFS, 'kdf')
export const readKeyedHashScheme = (reader: ByteReader) => readScheme(reader, KEYED_HASH_SCHEMES, 'scheme')

function readScheme(reader: ByteReader, known: ReadonlySet<number>, field: string): Scheme | null {
  const algorithm = reader.u16(field)
  if (algorithm === ALG.null) return null
  if (!known.has(algorithm)) reader.fail(field, `${hex(algorithm)} is no scheme of such a key`)
  if (algorithm === ALG.rsaes) return { algorithm, hash: null }
  const hash = reader.u16(`${field}.hashAlg`)
  if (algorithm === ALG.ecdaa) return { algorithm, hash, count: reader.u16(`${field}.count`) }
  if (algorithm === ALG.xor) return { algorithm, hash, kdf: reader.u16(`${field}.kdf`) }
  return { algorithm, hash }
}

export function writeScheme(scheme: Scheme | null): Buffer {
  if (scheme === null) return u16(ALG.null)
  const { algorithm, hash, count, kdf } = scheme
  return Buffer.concat([algorithm, hash, count, kdf].filter((value) => typeof value === 'number').map(u16))
}

const hex = (id: number) => `0x${id.toString(16).padStart(4, '0')}`
