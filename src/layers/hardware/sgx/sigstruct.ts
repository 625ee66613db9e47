// SIGSTRUCT: what the author of an enclave signs, and so the measurements that its quotes will have (SDM vol. 3D, table 38-19). Gramine calls the file
// `NAME.sig`.
import { createPublicKey, hash, verify } from 'node:crypto'
import { ByteReader } from '../../../formats/bytes.ts'

export interface Sigstruct {
  readonly mrEnclave: Buffer
  /** SHA-256 of the author's modulus. */
  readonly mrSigner: Buffer
  readonly isvProdId: number
  readonly isvSvn: number
  /** Flags and XFRM, of which the mask says what the processor enforces. */
  readonly attributes: Buffer
  readonly attributesMask: Buffer
  /** Whether the author's key made the signature. */
  readonly isSigned: boolean
}

const HEADER = Buffer.from('06000000e10000000000010000000000', 'hex')
const HEADER2 = Buffer.from('01010000600000006000000001000000', 'hex')
const EXPONENT = 3
const MODULUS_SIZE = 384

/** 1,808 bytes. @throws ThymusError FORMAT */
export function readSigstruct(bytes: Uint8Array): Sigstruct {
  const reader: ByteReader = new ByteReader(bytes, 'little')
  if (!reader.bytes(HEADER.length, 'header').equals(HEADER)) reader.fail('header', 'no SIGSTRUCT')
  reader.bytes(8, 'vendor, date')
  if (!reader.bytes(HEADER2.length, 'header2').equals(HEADER2)) reader.fail('header2', 'no SIGSTRUCT')
  reader.bytes(4, 'swDefined')
  reader.reserved(84, 'reserved')
  const modulus = reader.bytes(MODULUS_SIZE, 'modulus')
  if (reader.u32('exponent') !== EXPONENT) reader.fail('exponent', 'it is 3')
  const signature = reader.bytes(MODULUS_SIZE, 'signature')
  const from = reader.at
  reader.bytes(28, 'miscSelect, miscMask, cetAttributes, reserved, isvFamilyId')
  const [attributes, attributesMask] = [reader.bytes(16, 'attributes'), reader.bytes(16, 'attributesMask')]
  const mrEnclave = reader.bytes(32, 'enclaveHash')
  reader.bytes(32, 'reserved, isvExtProdId')
  const [isvProdId, isvSvn] = [reader.u16('isvProdId'), reader.u16('isvSvn')]
  const to = reader.at
  reader.reserved(12, 'reserved')
  reader.bytes(2 * MODULUS_SIZE, 'q1, q2')
  reader.finish('SIGSTRUCT')
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const signed = Buffer.concat([whole.subarray(0, 128), whole.subarray(from, to)])
  return {
    ...{ mrEnclave, mrSigner: hash('sha256', modulus, 'buffer'), isvProdId, isvSvn, attributes, attributesMask },
    isSigned: isSigned(modulus, signed, signature),
  }
}

/** RSA PKCS #1 v1.5 with SHA-256; numbers are little-endian. */
function isSigned(modulus: Buffer, data: Buffer, signature: Buffer): boolean {
  const n = Buffer.from(modulus).reverse().toString('base64url')
  try {
    const key = createPublicKey({ key: { kty: 'RSA', n, e: Buffer.of(EXPONENT).toString('base64url') }, format: 'jwk' })
    return verify('sha256', data, key, Buffer.from(signature).reverse())
  } catch {
    // OpenSSL takes no key of this modulus.
    return false
  }
}
