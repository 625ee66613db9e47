// TCB versions (ABI table 3; from Turin on table 4): how patched each part of the platform's firmware is, one byte each.
import type { ProductLine } from './product.ts'

/** Security version of each part; `fmc` from Turin on. */
export interface Tcb {
  readonly fmc?: number
  readonly bl: number
  readonly tee: number
  readonly snp: number
  readonly ucode: number
}

const TCB_PARTS = ['fmc', 'bl', 'tee', 'snp', 'ucode'] as const

/** The parts of 8 bytes of a report. */
export function tcbOf(bytes: Uint8Array, line: ProductLine): Tcb {
  return line === 'Turin'
    ? { fmc: bytes[0]!, bl: bytes[1]!, tee: bytes[2]!, snp: bytes[3]!, ucode: bytes[7]! }
    : { bl: bytes[0]!, tee: bytes[1]!, snp: bytes[6]!, ucode: bytes[7]! }
}

/** Whether every part is at least what is asked for it; a part that is asked for and not there is not. */
export const isAtLeast = (tcb: Tcb, least: Partial<Tcb>): boolean =>
  TCB_PARTS.every((part) => least[part] === undefined || (tcb[part] ?? -1) >= least[part])

/** As `bl 4, tee 0, snp 24, ucode 219`. */
export const tcbText = (tcb: Partial<Tcb>): string =>
  TCB_PARTS.filter((part) => tcb[part] !== undefined)
    .map((part) => `${part} ${tcb[part]}`)
    .join(', ')
