// The kernel's measurement list, read: `ascii_runtime_measurements` and `binary_runtime_measurements` below /sys/kernel/security/ima.
import type { HashName } from '../../../formats/hash.ts'
import type { ImaEntry } from './entry.ts'

/** What stands in the list and cannot be read. What was extended for it is not known either, unless the list is binary. */
export interface MalformedEntry {
  readonly number: number
  readonly why: string
}

export interface ImaList {
  readonly entries: readonly ImaEntry[]
  readonly malformed: readonly MalformedEntry[]
  /** Of the template hashes that are logged; newer kernels have a list for each bank. Undefined for an empty list. */
  readonly templateHash: HashName | undefined
}

/** Half a million entries. Longer lists are sent in pieces: what was attested once need not be sent again. */
export const MAX_LIST = 64 << 20
/** Of a TPM 2.0. */
export const PCR_COUNT = 24

/** By the size of a digest: SM3, as long as SHA-256, is nobody's bank here. */
export const TEMPLATE_HASHES: ReadonlyMap<number, HashName> = new Map([
  [20, 'sha1'],
  [32, 'sha256'],
  [48, 'sha384'],
  [64, 'sha512'],
])
