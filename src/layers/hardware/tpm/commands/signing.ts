// What keys do: sign, quote, certify, verify; credentials (part 3, 12, 18 and 20).
import { ThymusError } from '../../../../core/errors.ts'
import type { ByteReader } from '../../../../formats/bytes.ts'
import { ALG, LIMIT } from '../abi/algorithms.ts'
import type { CredentialBlob } from '../abi/credential.ts'
import { readSized, sized, u16, u32 } from '../abi/marshal.ts'
import { type PcrSelection, writePcrSelections } from '../abi/pcr-selection.ts'
import { type Scheme, writeScheme } from '../abi/schemes.ts'
import { readTpmSignature, type TpmSignature } from '../abi/signature.ts'
import { type Command, TAG } from '../command.ts'
import { type Entity, HANDLE } from '../entity.ts'

const CC = {
  activateCredential: 0x147,
  certify: 0x148,
  quote: 0x158,
  sign: 0x15d,
  unseal: 0x15e,
  makeCredential: 0x168,
  verifySignature: 0x177,
} as const

const MAX_ATTEST = 2048
/** Largest thing that is sealed: MAX_SYM_DATA is 128, and TPMs that take more take up to this. */
const MAX_SEALED = 1024

/** What the TPM says later that it found itself (part 2, 10.7). Only the TPM can tell whether it is one. */
export interface Ticket {
  readonly bytes: Buffer
}

/** What a key signed about the TPM: TPMS_ATTEST and TPMT_SIGNATURE, in the bytes that were signed. */
export interface Attestation {
  readonly message: Buffer
  readonly signature: Buffer
}

/** @param scheme null for the key's own */
export function sign(key: Entity, digest: Buffer, scheme: Scheme | null): Command<TpmSignature> {
  const unhashed = Buffer.concat([u16(TAG.hashCheck), u32(HANDLE.null), sized()])
  return {
    ...{ name: 'Sign', code: CC.sign, entities: [key], authorized: 1 },
    parameters: Buffer.concat([sized(digest), writeScheme(scheme), unhashed]),
    read: (answer) => readTpmSignature(answer.rest()),
  }
}

/** @param qualifying a nonce: at most as long as the TPM's largest digest and two bytes */
export const quote = (key: Entity, qualifying: Uint8Array, selection: readonly PcrSelection[]): Command<Attestation> => ({
  ...{ name: 'Quote', code: CC.quote, entities: [key], authorized: 1, read: readAttestation },
  parameters: Buffer.concat([sized(qualifying), u16(ALG.null), writePcrSelections(selection)]),
})

/** `key` says that `object` is in the same TPM. */
export const certify = (object: Entity, key: Entity, qualifying: Uint8Array): Command<Attestation> => ({
  ...{ name: 'Certify', code: CC.certify, entities: [object, key], authorized: 2, read: readAttestation },
  parameters: Buffer.concat([sized(qualifying), u16(ALG.null)]),
})

export const verifySignature = (key: Entity, digest: Buffer, signature: Buffer): Command<Ticket> => ({
  ...{ name: 'VerifySignature', code: CC.verifySignature, entities: [key] },
  parameters: Buffer.concat([sized(digest), signature]),
  read: readTicket,
})

export const unseal = (object: Entity): Command<Buffer> => ({
  ...{ name: 'Unseal', code: CC.unseal, entities: [object], authorized: 1, secret: 'out' },
  read: (answer) => readSized(answer, MAX_SEALED, 'outData'),
})

/** For a key to whose TPM `endorsement` belongs. No secret of this machine is in it: any key that is loaded will do. */
export const makeCredential = (endorsement: Entity, credential: Uint8Array, name: Buffer): Command<CredentialBlob> => ({
  ...{ name: 'MakeCredential', code: CC.makeCredential, entities: [endorsement] },
  parameters: Buffer.concat([sized(credential), sized(name)]),
  read: (answer) => ({ idObject: readSized(answer, LIMIT.publicArea, 'credentialBlob'), secret: readSized(answer, LIMIT.rsa, 'secret') }),
})

/** @param key the one that the credential is for @param endorsement the one that it was encrypted to */
export const activateCredential = (key: Entity, endorsement: Entity, { idObject, secret }: CredentialBlob): Command<Buffer> => ({
  ...{ name: 'ActivateCredential', code: CC.activateCredential, entities: [key, endorsement], authorized: 2, secret: 'out' },
  parameters: Buffer.concat([sized(idObject), sized(secret)]),
  read: (answer) => readSized(answer, LIMIT.digest, 'certInfo'),
})

function readAttestation(answer: ByteReader): Attestation {
  const message = readSized(answer, MAX_ATTEST, 'attest')
  const signature = answer.rest()
  readTpmSignature(signature)
  return { message, signature }
}

export function readTicket(answer: ByteReader): Ticket {
  const tag = answer.u16('ticket.tag')
  const hierarchy = answer.u32('ticket.hierarchy')
  const digest = readSized(answer, LIMIT.digest, 'ticket.digest')
  if (tag >> 8 !== 0x80) throw new ThymusError('FORMAT', `0x${tag.toString(16)} is no ticket`, { at: 'ticket.tag' })
  return { bytes: Buffer.concat([u16(tag), u32(hierarchy), sized(digest)]) }
}
