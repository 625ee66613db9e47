// Portable signatures of EVM: over the attributes of a file, among which is what IMA knows of its content (security.ima). The template evm-sig carries
// all that they sign: Linux, evm_crypto.c, evm_calc_hmac_or_hash and hmac_add_misc; evm_main.c, evm_read_protected_xattrs.
import { hash } from 'node:crypto'
import { withoutNuls } from '../../../formats/bytes.ts'
import type { FileDigest, ImaEntry } from './entry.ts'
import { type FileKey, readFileSignature, SIGNING_HASHES, type SignatureState, stateOf, stateOver } from './signature.ts'
import type { SignatureVerifier } from './verifier.ts'

/** Keys that sign the content of files, and those that sign their attributes. */
export interface Keyrings {
  readonly ima: FileKey[]
  readonly evm: FileKey[]
}

const XATTR_IMA = 'security.ima'
const IMA_XATTR_DIGEST_NG = 4
/** struct h_misc on 64-bit machines: inode and generation, which are zero, then uid, gid, mode and two bytes of padding. */
const [MISC_SIZE, UID_AT, GID_AT, MODE_AT] = [24, 12, 16, 20]

/**
 * Whether a portable signature of EVM is good, and the file that was measured is the one it speaks of: security.ima must be the digest of the entry, or
 * a good signature of it. `unsupported` where the template does not carry the attributes, as where ima-sig has such a signature in place of IMA's.
 * @throws ThymusError FORMAT for what is no signature
 */
export function evmStateOf(entry: ImaEntry, bytes: Buffer, { ima, evm }: Keyrings, verifier: SignatureVerifier): SignatureState {
  const signature = readFileSignature(bytes)
  const attributes = signature.of === 'attributes' ? attributesOf(entry) : undefined
  if (attributes === undefined) return 'unsupported'
  const state = stateOver(signature, evm, verifier, (algorithm) => hash(algorithm, attributes.signed, 'buffer'))
  return state === 'good' ? contentState(attributes.ima, entry.digest, ima, verifier) : state
}

/** What was signed, and the content of security.ima in it. Undefined where the entry does not carry it, or not so that it fits together. */
function attributesOf(entry: ImaEntry): { readonly signed: Buffer; readonly ima: Buffer | undefined } | undefined {
  const [names, lengths, values] = ['xattrnames', 'xattrlengths', 'xattrvalues'].map((id) => entry.field(id))
  const [uid, gid, mode] = ['iuid', 'igid', 'imode'].map((id) => entry.field(id))
  if (names === undefined || lengths === undefined || values === undefined) return undefined
  if (uid?.length !== 4 || gid?.length !== 4 || mode?.length !== 2) return undefined
  const named = names.length === 0 ? [] : withoutNuls(names).toString('latin1').split('|')
  if (lengths.length !== 4 * named.length) return undefined
  let [at, ima] = [0, undefined as Buffer | undefined]
  for (const [index, name] of named.entries()) {
    const end = at + lengths.readUInt32LE(4 * index)
    if (name === XATTR_IMA) ima = values.subarray(at, end)
    at = end
  }
  if (at !== values.length) return undefined
  const misc = Buffer.alloc(MISC_SIZE)
  uid.copy(misc, UID_AT)
  gid.copy(misc, GID_AT)
  mode.copy(misc, MODE_AT)
  return { signed: Buffer.concat([values, misc]), ima }
}

/** Values are signed one behind the other, without their lengths: only one of the very length that it must have is taken for what it seems. */
function contentState(ima: Buffer | undefined, digest: FileDigest, keys: readonly FileKey[], verifier: SignatureVerifier): SignatureState {
  // The kernel takes no portable signature without it.
  if (ima === undefined) return 'wrong'
  if (ima[0] !== IMA_XATTR_DIGEST_NG) return stateOf(readFileSignature(ima), digest, keys, verifier)
  const algorithm = SIGNING_HASHES.get(ima[1] ?? 0)
  if (algorithm === undefined) return 'unsupported'
  return digest.of === 'file' && digest.algorithm === algorithm && ima.subarray(2).equals(digest.bytes) ? 'good' : 'wrong'
}
