// The signature behind a kernel module: Linux, Documentation/admin-guide/module-signing.rst; include/linux/module_signature.h.
import { ThymusError } from '../../../core/errors.ts'
import { ByteReader } from '../../../formats/bytes.ts'
import { readSignedData, type SignedData } from '../../../formats/cms/signed-data.ts'

export interface KernelModule {
  /** What is signed: the module without what was appended to it. */
  readonly content: Buffer
  readonly signature:
    | { readonly is: 'none' }
    | { readonly is: 'signed'; readonly data: SignedData }
    /** Something is appended as a signature, and is none: the kernel refuses such a module whatever its settings are. */
    | { readonly is: 'malformed'; readonly why: string }
}

const MARKER = Buffer.from('~Module signature appended~\n')
/** struct module_signature: algo, hash, id_type, signer_len, key_id_len, three bytes of padding, sig_len. */
const INFO_SIZE = 12
const PKEY_ID_PKCS7 = 2
/** Signatures of real modules have under 2 KiB; one may carry certificates. */
const MAX_SIGNATURE = 1 << 20

/** Parts a module from its signature. It never throws: a broken signature is an answer. */
export function readKernelModule(bytes: Buffer): KernelModule {
  const info = bytes.length - MARKER.length
  if (info < 0 || !bytes.subarray(info).equals(MARKER)) return { content: bytes, signature: { is: 'none' } }
  try {
    return readSignature(bytes.subarray(0, info))
  } catch (error) {
    if (!(error instanceof ThymusError)) throw error
    return { content: bytes, signature: { is: 'malformed', why: `${error.at ?? 'signature'}: ${error.message}` } }
  }
}

/** @param bytes all before the marker */
function readSignature(bytes: Buffer): KernelModule {
  const start = bytes.length - INFO_SIZE
  if (start < 0) throw new ThymusError('FORMAT', 'there is no module_signature before the marker', { at: 'module_signature' })
  const reader = new ByteReader(bytes.subarray(start), 'big', start)
  reader.reserved(2, 'algo, hash') // they are in the signed data
  const type = reader.u8('id_type')
  if (type !== PKEY_ID_PKCS7) reader.fail('id_type', `type ${type} is no PKCS#7`)
  reader.reserved(5, 'signer_len, key_id_len, padding')
  const size = reader.u32('sig_len')
  if (size > MAX_SIGNATURE || size >= start)
    reader.fail('sig_len', `${size} bytes, where ${Math.min(MAX_SIGNATURE, start - 1)} are the most`)
  return {
    content: bytes.subarray(0, start - size),
    signature: { is: 'signed', data: readSignedData(bytes.subarray(start - size, start)) },
  }
}
