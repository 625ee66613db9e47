// Bits of a report: what the guest's owner allows, and how the platform is set up.

/** Guest policy (ABI table 10). */
export interface GuestPolicy {
  /** Of the firmware that the guest asks for at least. */
  readonly abi: { readonly major: number; readonly minor: number }
  readonly smt: boolean
  readonly migrateMa: boolean
  readonly debug: boolean
  readonly singleSocket: boolean
  readonly cxl: boolean
  readonly memAes256Xts: boolean
  readonly raplDisabled: boolean
  readonly ciphertextHiding: boolean
  readonly pageSwapDisabled: boolean
  /** Bits that have no meaning here: above the last, or bit 17 where it is not 1. */
  readonly unknown: bigint
}

const RESERVED_ONE = 1n << 17n
const KNOWN = (1n << 26n) - 1n
const bit = (value: bigint, number: number) => ((value >> BigInt(number)) & 1n) === 1n

export function guestPolicyOf(policy: bigint): GuestPolicy {
  return {
    abi: { major: Number((policy >> 8n) & 0xffn), minor: Number(policy & 0xffn) },
    smt: bit(policy, 16),
    migrateMa: bit(policy, 18),
    debug: bit(policy, 19),
    singleSocket: bit(policy, 20),
    cxl: bit(policy, 21),
    memAes256Xts: bit(policy, 22),
    raplDisabled: bit(policy, 23),
    ciphertextHiding: bit(policy, 24),
    pageSwapDisabled: bit(policy, 25),
    unknown: (policy & ~KNOWN) | (~policy & RESERVED_ONE),
  }
}

/** PLATFORM_INFO (ABI table 24). */
export interface PlatformInfo {
  readonly smt: boolean
  /** All memory is encrypted by one key of the platform, besides. */
  readonly tsme: boolean
  readonly ecc: boolean
  readonly raplDisabled: boolean
  /** The host sees no ciphertext of guests. */
  readonly ciphertextHiding: boolean
  /** No two addresses lead to the same memory (BadRAM, CVE-2024-21944). */
  readonly aliasCheckComplete: boolean
  readonly tio: boolean
}

export const platformInfoOf = (info: bigint): PlatformInfo => ({
  smt: bit(info, 0),
  tsme: bit(info, 1),
  ecc: bit(info, 2),
  raplDisabled: bit(info, 3),
  ciphertextHiding: bit(info, 4),
  aliasCheckComplete: bit(info, 5),
  tio: bit(info, 7),
})
