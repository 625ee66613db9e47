// Signatures as the extended attributes security.ima and security.evm hold them: Linux, security/integrity/integrity.h, struct signature_v2_hdr.
import { hash } from 'node:crypto'
import { ByteReader } from '../../../formats/bytes.ts'
import { DerReader } from '../../../formats/der/reader.ts'
import { TAG } from '../../../formats/der/tags.ts'
import { readAllPem } from '../../../formats/pem.ts'
import { readCertificate } from '../../../formats/x509/certificate.ts'
import type { SigningHash } from '../../../formats/x509/prehashed.ts'
import type { SubjectPublicKey } from '../../../formats/x509/public-key.ts'
import { readPublicKeyInfo } from '../../../formats/x509/public-key.ts'
import type { FileDigest } from './entry.ts'
import type { SignatureVerifier } from './verifier.ts'

export interface FileSignature {
  /** Over the digest of a file; over that of a Merkle tree, with its kind; over attributes, which EVM calls portable. */
  readonly of: 'file' | 'verity' | 'attributes'
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

const IMA_VERITY_DIGSIG = 6
/** EVM_IMA_XATTR_DIGSIG, EVM_XATTR_PORTABLE_DIGSIG and the last, each with its version. */
const KINDS: ReadonlyMap<number, readonly [FileSignature['of'], number]> = new Map([
  [3, ['file', 2]],
  [5, ['attributes', 2]],
  [IMA_VERITY_DIGSIG, ['verity', 3]],
])
/** HASH_ALGO_* → name. SHA-1 signs nothing here. */
export const SIGNING_HASHES: ReadonlyMap<number, SigningHash> = new Map([
  [4, 'sha256'],
  [5, 'sha384'],
  [6, 'sha512'],
])

/** @throws ThymusError FORMAT for an attribute that is no signature of the kinds above, as an HMAC of EVM */
export function readFileSignature(bytes: Uint8Array): FileSignature {
  const reader = new ByteReader(bytes, 'big')
  const type = reader.u8('type')
  const version = reader.u8('version')
  const [of, expected] = KINDS.get(type) ?? reader.fail('type', `type ${type} is no signature of a file`)
  if (version !== expected) reader.fail('version', `version ${version} of type ${type}`)
  const algorithm = reader.u8('hash_algo')
  const keyId = reader.u32('keyid')
  const signature = reader.bytes(reader.u16('sig_size'), 'sig')
  reader.finish('sig')
  return { of, hash: algorithm, keyId, bytes: signature }
}

/**
 * `good`, `wrong`: by a key that is known. `stranger`: by none of them. `unsupported`: by an algorithm, or of a kind, that cannot be verified from what
 * there is. `unverified`: too many were verified before it.
 */
export type SignatureState = 'good' | 'wrong' | 'stranger' | 'unsupported' | 'unverified'

/** Whether one of the keys signed a file of this digest. */
export function stateOf(
  signature: FileSignature,
  digest: FileDigest,
  keys: readonly FileKey[],
  verifier: SignatureVerifier,
): SignatureState {
  const { of, hash: number } = signature
  if (of === 'attributes') return 'unsupported'
  return stateOver(signature, keys, verifier, (algorithm) => {
    if (digest.algorithm !== algorithm || of !== digest.of) return undefined
    // ima_appraise.c, calc_file_id_hash: struct ima_file_id without the unused end of its digest.
    return of === 'file' ? digest.bytes : hash(algorithm, Buffer.concat([Buffer.of(IMA_VERITY_DIGSIG, number), digest.bytes]), 'buffer')
  })
}

/** @param digestBy what must have been signed, by the signature's own hash; undefined where nothing of that hash can have been */
export function stateOver(
  { hash: number, keyId, bytes }: FileSignature,
  keys: readonly FileKey[],
  verifier: SignatureVerifier,
  digestBy: (algorithm: SigningHash) => Buffer | undefined,
): SignatureState {
  const algorithm = SIGNING_HASHES.get(number)
  if (algorithm === undefined) return 'unsupported'
  const named = keys.filter(({ id }) => id === keyId)
  if (named.length === 0) return 'stranger'
  const digest = digestBy(algorithm)
  const is = digest === undefined ? false : verifier.isSignedBy(named, algorithm, digest, bytes)
  return is === undefined ? 'unverified' : is ? 'good' : 'wrong'
}

/** The key of a certificate, as the kernel loads it into a keyring: its identifier, or where it has none the SHA-1 of its bits. @throws ThymusError FORMAT */
export function fileKeyOf(der: Buffer): FileKey {
  const { publicKey, extended } = readCertificate(der)
  return { id: idOf(extended.subjectKeyId ?? bitsHash(publicKey)), key: publicKey }
}

/** A public key, by an identifier that it is given elsewhere, or by the SHA-1 of its bits. @throws ThymusError FORMAT */
export function bareKeyOf(der: Buffer, id?: number): FileKey {
  const reader = new DerReader(der)
  const key = readPublicKeyInfo(reader)
  reader.finish()
  return { id: id ?? idOf(bitsHash(key)), key }
}

/** Keys of PEM blocks: certificates, and public keys. @throws ThymusError FORMAT */
export function fileKeysOf(pem: string): readonly FileKey[] {
  return readAllPem(pem).flatMap(({ label, bytes }) =>
    label === 'CERTIFICATE' ? fileKeyOf(bytes) : label === 'PUBLIC KEY' ? bareKeyOf(bytes) : [],
  )
}

/** RFC 5280 §4.2.1.2, method 1. */
function bitsHash({ raw }: SubjectPublicKey): Buffer {
  const inside = new DerReader(raw).enter(TAG.sequence)
  inside.whole(TAG.sequence)
  return hash('sha1', inside.bits().bytes, 'buffer')
}

const idOf = (identifier: Buffer): number => (identifier.length < 4 ? 0 : identifier.readUInt32BE(identifier.length - 4))
