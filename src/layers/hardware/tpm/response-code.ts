// What a TPM says when it refuses (part 2, 6.6.2): the code taken apart, and its words for people.
import { ThymusError } from '../../../core/errors.ts'
import { FORMAT_ONE, FORMAT_ZERO, type ResponseCodeEntry, WARNING } from './response-code.table.ts'

export const RC = {
  success: 0,
  initialize: 0x100,
  objectMemory: 0x902,
  yielded: 0x908,
  testing: 0x90a,
  lockout: 0x921,
  retry: 0x922,
} as const

/** The TPM's state is unchanged, and the same bytes may be sent again (part 2, 6.6.3). */
export const AGAIN: ReadonlySet<number> = new Set([RC.retry, RC.yielded, RC.testing])

export interface ResponseCode extends ResponseCodeEntry {
  readonly rc: number
  /** What of the command is meant, as "parameter 2"; undefined where the code does not say. */
  readonly subject: string | undefined
}

const UNKNOWN: ResponseCodeEntry = { name: '', meaning: 'a response code that TPM 2.0 does not know' }

/** Codes of a resource manager that answers in the TPM's place have this above theirs (TSS 2.0 Overview and Common Structures 1.0, 5.5). */
const RESOURCE_MANAGER = 11 << 16

/** The code of the TPM itself; 0 for one that is none. */
const lowOf = (rc: number): number => (rc >>> 12 === 0 || (rc & 0xfffff000) === RESOURCE_MANAGER ? rc & 0xfff : 0)

/** Takes a response code apart. */
export function readResponseCode(rc: number): ResponseCode {
  const low = lowOf(rc)
  const table = low & 0x80 ? FORMAT_ONE : low & 0x800 ? WARNING : low & 0x100 ? FORMAT_ZERO : {}
  const isVendor = (low & 0x80) === 0 && (low & 0x400) !== 0
  const entry = (isVendor ? undefined : table[low & (low & 0x80 ? 0x3f : 0x7f)]) ?? UNKNOWN
  const name = entry === UNKNOWN ? `0x${rc.toString(16).padStart(3, '0')}` : `TPM_RC_${entry.name}`
  return { ...entry, name, rc, subject: subjectOf(low) }
}

function subjectOf(low: number): string | undefined {
  if ((low & 0x80) === 0) return undefined
  const number = (low >> 8) & 0xf
  if (number === 0) return undefined
  if (low & 0x40) return `parameter ${number}`
  return number & 8 ? `session ${number & 7}` : `handle ${number}`
}

/** The TPM refused a command; nothing of it was done. */
export class TpmRefusal extends ThymusError {
  readonly rc: number

  /** @param command as `Quote` */
  constructor(command: string, rc: number) {
    const { name, meaning, cure, subject } = readResponseCode(rc)
    const where = subject === undefined ? '' : ` (${subject})`
    super(isLockout(rc) ? 'TPM_LOCKED' : 'TPM_REFUSED', `${command}: ${name}${where}: ${meaning}${cure === undefined ? '' : `; ${cure}`}`)
    this.rc = rc
  }

  /** Whether it is this code of the specification's, as `AUTH_FAIL`, whatever it is about. */
  is(name: string): boolean {
    return readResponseCode(this.rc).name === `TPM_RC_${name}`
  }
}

const isLockout = (rc: number) => lowOf(rc) === RC.lockout
