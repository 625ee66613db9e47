// Signatures of files, as the extended attribute security.ima holds them: Linux, security/integrity/integrity.h, struct signature_v2_hdr.
import { hash } from 'node:crypto'
import { ByteReader } from '../../../formats/bytes.ts'
import { DerReader } from '../../../formats/der/reader.ts'
import { TAG } from '../../../formats/der/tags.ts'
import { readAllPem } from '../../../formats/pem.ts'
import { readCertificate } from '../../../formats/x509/certificate.ts'
import { isDigestSignedBy, type SigningHash } from '../../../formats/x509/prehashed.ts'
import type { SubjectPublicKey } from '../../../formats/x509/public-key.ts'
import { readPublicKeyInfo } from '../../../formats/x509/public-key.ts'
import type { FileDigest } from './entry.ts'

export interface FileSignature {
  /** 2: over the digest. 3: over the digest and its kind. */
  readonly version: 2 | 3
  /** The kernel's number of the hash algorithm (include/uapi/linux/hash_info.h). */
  readonly hash: number
  /** The last four bytes of the key's identifier. */
  readonly keyId: number
  readonly bytes: Buffer
}

export interface FileKey {
  readonly id: number
  readonly key: SubjectPublicKey
}

const EVM_IMA_XATTR_DIGSIG = 3
const IMA_VERITY_DIGSIG = 6
/** HASH_ALGO_* → name. SHA-1 signs nothing here. */
const HASHES: ReadonlyMap<number, SigningHash> = new Map([
  [4, 'sha256'],
  [5, 'sha384'],
  [6, 'sha512'],
])

/** @throws ThymusError FORMAT for an attribute that is no signature of the kinds above, as one of EVM */
export function readFileSignature(bytes: Uint8Array): FileSignature {
  const reader = new ByteReader(bytes, 'big')
  const type = reader.u8('type')
  const version = reader.u8('version')
  const kind =
    type === EVM_IMA_XATTR_DIGSIG ? 2 : type === IMA_VERITY_DIGSIG ? 3 : reader.fail('type', `type ${type} is no signature of a file`)
  if (version !== kind) reader.fail('version', `version ${version} of type ${type}`)
  const algorithm = reader.u8('hash_algo')
  const keyId = reader.u32('keyid')
  const signature = reader.bytes(reader.u16('sig_size'), 'sig')
  reader.finish('sig')
  return { version: kind, hash: algorithm, keyId, bytes: signature }
}

/** `good`, `wrong`: by a key that is known. `stranger`: by none of them. `unsupported`: by an algorithm that is not verified here. */
export type SignatureState = 'good' | 'wrong' | 'stranger' | 'unsupported'

/** Whether one of the keys signed a file of this digest. */
export function stateOf(
  { version, hash: number, keyId, bytes }: FileSignature,
  digest: FileDigest,
  keys: readonly FileKey[],
): SignatureState {
  const algorithm = HASHES.get(number)
  if (algorithm === undefined) return 'unsupported'
  const named = keys.filter(({ id }) => id === keyId)
  if (named.length === 0) return 'stranger'
  if (digest.algorithm !== algorithm || (version === 3) !== (digest.of === 'verity')) return 'wrong'
  // ima_appraise.c, calc_file_id_hash: struct ima_file_id without the unused end of its digest.
  const signed =
    version === 2 ? digest.bytes : hash(algorithm, Buffer.concat([Buffer.of(IMA_VERITY_DIGSIG, number), digest.bytes]), 'buffer')
  return named.some(({ key }) => isDigestSignedBy(key, algorithm, signed, bytes)) ? 'good' : 'wrong'
}

/** The key of a certificate, as the kernel loads it into a keyring: its identifier, or where it has none the SHA-1 of its bits. @throws ThymusError FORMAT */
export function fileKeyOf(der: Buffer): FileKey {
  const { publicKey, extended } = readCertificate(der)
  return { id: idOf(extended.subjectKeyId ?? bitsHash(publicKey)), key: publicKey }
}

/** Keys of PEM blocks: certificates, and public keys. @throws ThymusError FORMAT */
export function fileKeysOf(pem: string): readonly FileKey[] {
  const keys: FileKey[] = []
  for (const { label, bytes } of readAllPem(pem)) {
    if (label === 'CERTIFICATE') keys.push(fileKeyOf(bytes))
    else if (label === 'PUBLIC KEY') {
      const key = readPublicKeyInfo(new DerReader(bytes))
      keys.push({ id: idOf(bitsHash(key)), key })
    }
  }
  return keys
}

/** RFC 5280 §4.2.1.2, method 1. */
function bitsHash({ raw }: SubjectPublicKey): Buffer {
  const inside = new DerReader(raw).enter(TAG.sequence)
  inside.whole(TAG.sequence)
  return hash('sha1', inside.bits().bytes, 'buffer')
}

const idOf = (identifier: Buffer): number => (identifier.length < 4 ? 0 : identifier.readUInt32BE(identifier.length - 4))
