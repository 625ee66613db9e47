// A challenge that only one TPM can answer (TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET; part 2, 12.4.3 and 11.4.3).
import type { ByteReader } from '../../../../formats/bytes.ts'
import { LIMIT } from './algorithms.ts'
import { readSized, sized, u32, whole } from './marshal.ts'

export interface CredentialBlob {
  /** Content of TPM2B_ID_OBJECT: TPMS_ID_OBJECT. */
  readonly idObject: Buffer
  /** Content of TPM2B_ENCRYPTED_SECRET. */
  readonly secret: Buffer
}

/** Content of TPM2B_ID_OBJECT. */
export interface IdObject {
  readonly integrity: Buffer
  /** A TPM2B_DIGEST, encrypted. */
  readonly identity: Buffer
}

/** What tpm2-tools write before both. */
const MAGIC = 0xbadcc0de
const VERSION = 1
/** TPMS_ID_OBJECT: two TPM2B_DIGEST. */
const MAX_ID_OBJECT = 2 * (2 + LIMIT.digest)
/** An RSA ciphertext, or two coordinates. */
const MAX_SECRET = LIMIT.rsa

/** A credential file of tpm2-tools (`tpm2_makecredential -o`). @throws ThymusError FORMAT */
export const readCredentialFile = (bytes: Uint8Array): CredentialBlob => whole(bytes, 'credential', read)

export const writeCredentialFile = ({ idObject, secret }: CredentialBlob): Buffer =>
  Buffer.concat([u32(MAGIC), u32(VERSION), sized(idObject), sized(secret)])

/** @throws ThymusError FORMAT */
export const readIdObject = (bytes: Uint8Array): IdObject =>
  whole(bytes, 'TPMS_ID_OBJECT', (reader) => ({ integrity: readSized(reader, LIMIT.digest, 'integrityHMAC'), identity: reader.rest() }))

function read(reader: ByteReader): CredentialBlob {
  if (reader.u32('magic') !== MAGIC) reader.fail('magic', 'no credential of tpm2-tools')
  const version = reader.u32('version')
  if (version !== VERSION) reader.fail('version', `${version} is a version that is not known`)
  return { idObject: readSized(reader, MAX_ID_OBJECT, 'credentialBlob'), secret: readSized(reader, MAX_SECRET, 'secret') }
}
