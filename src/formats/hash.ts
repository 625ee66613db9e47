// Hash algorithms by their number in the TCG Algorithm Registry 1.34, table 3. Only these are ever handed to `node:crypto`, which takes SHA-256
// for a name that it does not know where a signature is verified.
import { hash } from 'node:crypto'

export type HashName = 'sha1' | 'sha256' | 'sha384' | 'sha512' | 'sm3'

export interface HashAlgorithm {
  readonly name: HashName
  readonly id: number
  /** Of a digest, in bytes. */
  readonly size: number
}

export const HASHES: readonly HashAlgorithm[] = [
  { name: 'sha1', id: 0x0004, size: 20 },
  { name: 'sha256', id: 0x000b, size: 32 },
  { name: 'sha384', id: 0x000c, size: 48 },
  { name: 'sha512', id: 0x000d, size: 64 },
  { name: 'sm3', id: 0x0012, size: 32 },
]

/** Banks of PCRs, from what is best to what is least. */
export const BEST_FIRST: readonly HashName[] = ['sha512', 'sha384', 'sha256', 'sm3', 'sha1']

const BY_ID = new Map(HASHES.map((hash) => [hash.id, hash]))
const BY_NAME = new Map(HASHES.map((hash) => [hash.name as string, hash]))

/** The algorithm of a TPM_ALG_ID; undefined for one that is not listed above. */
export const hashById = (id: number): HashAlgorithm | undefined => BY_ID.get(id)
/** The algorithm of a name as "sha256"; undefined for one that is not listed above. */
export const hashByName = (name: string): HashAlgorithm | undefined => BY_NAME.get(name)

/** Whether the digest is of these bytes. As strings of bytes, which `hash` makes three times as fast as a Buffer. */
export const hashesTo = (name: HashName, bytes: Uint8Array, digest: Buffer): boolean =>
  hash(name, bytes, 'binary') === digest.toString('latin1')
