// The key derivation functions of TPM 2.0 (part 1, 11.4.10). A label is written with the zero byte that ends it.
import { createHash, createHmac } from 'node:crypto'
import { type HashName, hashByName } from '../../../formats/hash.ts'
import { u32 } from './abi/marshal.ts'

/** KDFa: SP 800-108 in counter mode over HMAC (part 1, 11.4.10.2). @param bits a multiple of 8 */
export function kdfA(hash: HashName, key: Uint8Array, label: string, contextU: Uint8Array, contextV: Uint8Array, bits: number): Buffer {
  const fixed = Buffer.concat([Buffer.from(`${label}\0`, 'latin1'), contextU, contextV, u32(bits)])
  return stretched(hash, bits, (counter) => createHmac(hash, key).update(counter).update(fixed).digest())
}

/** KDFe: SP 800-56A over a hash, of the x coordinate that both sides of ECDH have (part 1, 11.4.10.3). @param bits a multiple of 8 */
export function kdfE(hash: HashName, z: Uint8Array, label: string, partyU: Uint8Array, partyV: Uint8Array, bits: number): Buffer {
  const fixed = Buffer.concat([z, Buffer.from(`${label}\0`, 'latin1'), partyU, partyV])
  return stretched(hash, bits, (counter) => createHash(hash).update(counter).update(fixed).digest())
}

function stretched(hash: HashName, bits: number, block: (counter: Buffer) => Buffer): Buffer {
  const bytes = bits / 8
  const blocks = Array.from({ length: Math.ceil(bytes / hashByName(hash)!.size) }, (_, at) => block(u32(at + 1)))
  return Buffer.concat(blocks).subarray(0, bytes)
}
