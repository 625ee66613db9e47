// Policies (part 1, 19.7): a chain of digests that a TPM computes for a session, step by step, and here for an object that shall ask for it. A step
// that depends on the TPM (a PCR, a counter) is checked by the TPM alone.
import { createHash } from 'node:crypto'
import { type HashName, hashByName } from '../../../formats/hash.ts'
import { u16, u32, u64 } from './abi/marshal.ts'
import { type PcrSelection, writePcrSelections } from './abi/pcr-selection.ts'
import type { Entity } from './entity.ts'

/** TPM_CC of the commands that take the steps (part 2, 6.5.2): a digest is made of them too. */
export const STEP = { nv: 0x149, secret: 0x151, authorize: 0x16a, authValue: 0x16b, or: 0x171, pcr: 0x17f, authorizeNv: 0x192 } as const

/** TPM_EO (part 2, 6.8): what is said of NV contents, `A`, and the operand, `B`. */
export const OPERATION = { equal: 0x0000, 'at-most': 0x0009 } as const

export interface NvComparison {
  /** Of eight bytes, as a counter has. */
  readonly operand: bigint
  readonly offset: number
  readonly operation: keyof typeof OPERATION
}

/** One step: the digest before it → the digest after it. */
export type Step = (before: Buffer, hash: HashName) => Buffer

/** The digest that an object must have for its policy to be these steps. */
export function policyDigest(hash: HashName, ...steps: readonly Step[]): Buffer {
  return steps.reduce<Buffer>((before, step) => step(before, hash), Buffer.alloc(hashByName(hash)!.size))
}

const digest = (hash: HashName, ...parts: readonly Uint8Array[]) => createHash(hash).update(Buffer.concat(parts)).digest()

/** What a command that takes a name and a policyRef makes of a digest: a second hash, also over nothing (part 3, 23.2.3). */
const update = (hash: HashName, before: Buffer, code: number, name: Buffer, ref: Uint8Array) =>
  digest(hash, digest(hash, before, u32(code), name), ref)

/** These PCRs have these values. @param pcrDigest of the values one after the other, by the policy's hash */
export const pcr =
  (pcrDigest: Buffer, selection: readonly PcrSelection[]): Step =>
  (before, hash) =>
    digest(hash, before, u32(STEP.pcr), writePcrSelections(selection), pcrDigest)

/** The index's contents compare so. @param name of the index, which tells its attributes too */
export const nv =
  (name: Buffer, { operand, offset, operation }: NvComparison): Step =>
  (before, hash) =>
    digest(hash, before, u32(STEP.nv), digest(hash, u64(operand), u16(offset), u16(OPERATION[operation])), name)

/** Who uses the object knows the secret of this entity. */
export const secret =
  ({ name }: Pick<Entity, 'name'>, ref: Uint8Array = Buffer.alloc(0)): Step =>
  (before, hash) =>
    update(hash, before, STEP.secret, name, ref)

/** Who uses the object knows its own secret. */
export const authValue: Step = (before, hash) => digest(hash, before, u32(STEP.authValue))

/** Whatever policy the key of this name approved: what came before counts no more. */
export const authorize =
  (key: Buffer, ref: Uint8Array): Step =>
  (_, hash) =>
    update(hash, Buffer.alloc(hashByName(hash)!.size), STEP.authorize, key, ref)

/** One of these. */
export const or =
  (...digests: readonly Buffer[]): Step =>
  (_, hash) =>
    digest(hash, Buffer.alloc(hashByName(hash)!.size), u32(STEP.or), ...digests)

/** The policy that an NV index holds. */
export const authorizeNv =
  (name: Buffer): Step =>
  (_, hash) =>
    digest(hash, Buffer.alloc(hashByName(hash)!.size), u32(STEP.authorizeNv), name)

/** What the key signs that approves a policy (part 3, 23.16): aHash. */
export const approval = (hash: HashName, approved: Buffer, ref: Uint8Array): Buffer => digest(hash, approved, ref)
