// The key derivation functions of TPM 2.0 Library, part 1, 11.4.10.
import { createHash, createHmac } from 'node:crypto'
import type { HashAlgorithm } from '../../../formats/hash.ts'
import { u32 } from './abi/marshal.ts'

/** KDFa (SP 800-108 in counter mode with HMAC). @param bits of the result, a multiple of 8; longer ones than a digest take several rounds */
export function kdfa(
  hash: HashAlgorithm,
  key: Uint8Array,
  label: string,
  contextU: Uint8Array,
  contextV: Uint8Array,
  bits: number,
): Buffer {
  return rounds(hash, bits, (counter) =>
    createHmac(hash.name, key)
      .update(Buffer.concat([u32(counter), Buffer.from(`${label}\0`), contextU, contextV, u32(bits)]))
      .digest(),
  )
}

/** KDFe (SP 800-56A, one step). @param z x coordinate of the shared point @param use label */
export function kdfe(hash: HashAlgorithm, z: Uint8Array, use: string, partyU: Uint8Array, partyV: Uint8Array, bits: number): Buffer {
  return rounds(hash, bits, (counter) =>
    createHash(hash.name)
      .update(Buffer.concat([u32(counter), z, Buffer.from(`${use}\0`), partyU, partyV]))
      .digest(),
  )
}

function rounds({ size }: HashAlgorithm, bits: number, round: (counter: number) => Buffer): Buffer {
  const bytes = Math.ceil(bits / 8)
  const blocks = Array.from({ length: Math.ceil(bytes / size) }, (_, at) => round(at + 1))
  return Buffer.concat(blocks).subarray(0, bytes)
}
