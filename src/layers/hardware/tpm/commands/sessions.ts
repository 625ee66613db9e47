// Sessions and policies (part 3, 11 and 23).
import { type HashName, hashByName } from '../../../../formats/hash.ts'
import { ALG, LIMIT } from '../abi/algorithms.ts'
import { readSized, sized, u8, u16, u32, u64 } from '../abi/marshal.ts'
import { type PcrSelection, writePcrSelections } from '../abi/pcr-selection.ts'
import type { Command } from '../command.ts'
import { type Entity, fixed } from '../entity.ts'
import { type NvComparison, OPERATION, STEP } from '../policy.ts'
import type { Session } from '../session.ts'
import { readTicket, type Ticket } from './signing.ts'

const CC = { startAuthSession: 0x176, policyGetDigest: 0x189 } as const

/** TPM_SE (part 2, 6.11). */
const TYPE = { hmac: 0, policy: 1 } as const
const MAX_TIMEOUT = 8

export interface Started {
  readonly handle: number
  readonly nonceTpm: Buffer
}

/** TPM2_StartAuthSession, bound to nothing. @param saltKey decrypts the salt; RH_NULL for none */
export function startAuthSession(
  kind: 'hmac' | 'policy',
  hash: HashName,
  saltKey: Entity,
  encryptedSalt: Uint8Array,
  nonceCaller: Buffer,
  bind: Entity,
): Command<Started> {
  const cipher = encryptedSalt.length === 0 ? u16(ALG.null) : Buffer.concat([u16(ALG.aes), u16(128), u16(ALG.cfb)])
  return {
    ...{ name: 'StartAuthSession', code: CC.startAuthSession, entities: [saltKey, bind], makes: 'session' },
    parameters: Buffer.concat([sized(nonceCaller), sized(encryptedSalt), u8(TYPE[kind]), cipher, u16(hashByName(hash)!.id)]),
    read: (answer, handle) => ({ handle, nonceTpm: readSized(answer, LIMIT.digest, 'nonceTPM') }),
  }
}

const nothing = { read() {} } as const
const of = (session: Session): Entity => fixed(session.handle)

export const policyPcr = (session: Session, pcrDigest: Buffer, selection: readonly PcrSelection[]): Command<void> => ({
  ...{ name: 'PolicyPCR', code: STEP.pcr, entities: [of(session)], ...nothing },
  parameters: Buffer.concat([sized(pcrDigest), writePcrSelections(selection)]),
})

/** Bound to the session's nonce, so that it is of no use in another; no expiry, no ticket. */
export const policySecret = (session: Session, entity: Entity): Command<void> => ({
  ...{ name: 'PolicySecret', code: STEP.secret, entities: [entity, of(session)], authorized: 1 },
  parameters: Buffer.concat([sized(session.nonceTpm), sized(), sized(), u32(0)]),
  read(answer) {
    readSized(answer, MAX_TIMEOUT, 'timeout')
    readTicket(answer)
  },
})

export const policyAuthValue = (session: Session): Command<void> => ({
  ...{ name: 'PolicyAuthValue', code: STEP.authValue, entities: [of(session)], ...nothing },
})

/** @param index authorized by itself */
export const policyNv = (session: Session, index: Entity, { operand, offset, operation }: NvComparison): Command<void> => ({
  ...{ name: 'PolicyNV', code: STEP.nv, entities: [index, index, of(session)], authorized: 1, ...nothing },
  parameters: Buffer.concat([sized(u64(operand)), u16(offset), u16(OPERATION[operation])]),
})

/** @param key name of the key that signed, which `ticket` says that it did */
export const policyAuthorize = (session: Session, approved: Buffer, ref: Buffer, key: Buffer, ticket: Ticket): Command<void> => ({
  ...{ name: 'PolicyAuthorize', code: STEP.authorize, entities: [of(session)], ...nothing },
  parameters: Buffer.concat([sized(approved), sized(ref), sized(key), ticket.bytes]),
})

export const policyOr = (session: Session, digests: readonly Buffer[]): Command<void> => ({
  ...{ name: 'PolicyOR', code: STEP.or, entities: [of(session)], ...nothing },
  parameters: Buffer.concat([u32(digests.length), ...digests.map((each) => sized(each))]),
})

export const policyGetDigest = (session: Session): Command<Buffer> => ({
  ...{ name: 'PolicyGetDigest', code: CC.policyGetDigest, entities: [of(session)] },
  read: (answer) => readSized(answer, LIMIT.digest, 'policyDigest'),
})
