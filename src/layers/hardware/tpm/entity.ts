import { u32 } from './abi/marshal.ts'

/** TPM_RH and TPM_RS (part 2, 7.4). */
export const HANDLE = {
  owner: 0x40000001,
  null: 0x40000007,
  password: 0x40000009,
  lockout: 0x4000000a,
  endorsement: 0x4000000b,
  platform: 0x4000000c,
} as const

/** As people write it, and as they may write it back: `0x01800001`. */
export const handleText = (handle: number): string => `0x${handle.toString(16).padStart(8, '0')}`

/** What a command acts on. */
export interface Entity {
  readonly handle: number
  /** Part 1, 16: the handle itself, or the digest of what is public about it. Sessions prove that the TPM acted on this one. */
  readonly name: Buffer
  /** What authorizes its use; empty for none. It never crosses the bus. */
  readonly auth: Buffer
}

/** One that is its own name: a hierarchy, a PCR, a session. */
export function fixed(handle: number, auth: Uint8Array = Buffer.alloc(0)): Entity {
  return { handle, name: u32(handle), auth: Buffer.from(auth) }
}
