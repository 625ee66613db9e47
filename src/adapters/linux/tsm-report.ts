// Reports of the confidential guest that this machine is, from whatever vendor's hardware: configfs-tsm (Linux 6.7,
// Documentation/ABI/testing/configfs-tsm-report).
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ThymusError } from '../../core/errors.ts'

/** What the kernel gives: a folder for each report, in which files are written and read. */
export interface TsmFolder {
  readonly exists: () => boolean
  readonly make: (name: string) => void
  readonly read: (name: string, attribute: string) => Buffer
  readonly write: (name: string, attribute: string, content: Uint8Array | string) => void
  readonly remove: (name: string) => void
}

export interface TsmReport {
  /** Whose format the report has: `sev_guest`, `tdx_guest`. */
  readonly provider: string
  readonly report: Buffer
  /** What the provider gives beside it: of `sev_guest` a certificate table. Empty where it gives nothing. */
  readonly auxiliary: Buffer
}

export interface TsmRequest {
  /** Up to 64 bytes, filled with zeros: what shows that the report is fresh. */
  readonly data: Uint8Array
  /** Privilege level that it is asked for, where the provider has such (SEV-SNP: VMPL 0 to 3). */
  readonly privilegeLevel?: number
}

const PLACE = '/sys/kernel/config/tsm/report'
/** TSM_REPORT_INBLOB_MAX; providers want all of it. */
const DATA_SIZE = 64
/** Another may write into our folder, or hold the device: each time all is asked anew. */
const TRIES = 5
const AGAIN = new Set(['EAGAIN', 'EBUSY', 'EINTR', 'EWOULDBLOCK'])

/** The kernel's own. */
export function tsmFolder(root = PLACE): TsmFolder {
  const path = (...names: readonly string[]) => join(root, ...names)
  return {
    exists: () => existsSync(root),
    make: (name) => mkdirSync(path(name)),
    read: (name, attribute) => readFileSync(path(name, attribute)),
    write: (name, attribute, content) => writeFileSync(path(name, attribute), content),
    remove: (name) => rmdirSync(path(name)),
  }
}

/**
 * Asks for a report. Nothing is left behind, whatever happens.
 * @throws ThymusError TEE_ABSENT where the kernel gives no reports; TEE_REFUSED where it refuses this one, or another goes on interfering
 */
export function tsmReport({ data, privilegeLevel }: TsmRequest, folder: TsmFolder = tsmFolder()): TsmReport {
  if (data.length > DATA_SIZE) throw new ThymusError('USAGE', `${data.length} bytes to be reported, where ${DATA_SIZE} are the most`)
  if (!folder.exists()) throw new ThymusError('TEE_ABSENT', `the kernel gives no reports of a confidential guest: there is no ${PLACE}`)
  const asked = Buffer.alloc(DATA_SIZE)
  asked.set(data)
  for (let tries = 0; tries < TRIES; tries++) {
    const report = ask(folder, asked, privilegeLevel)
    if (report !== undefined) return report
  }
  throw new ThymusError('TEE_REFUSED', `the report changed while it was read, ${TRIES} times`)
}

/** Undefined where it should be tried again. */
function ask(folder: TsmFolder, data: Buffer, privilegeLevel: number | undefined): TsmReport | undefined {
  const name = `thymus-${randomUUID()}`
  let made = false
  try {
    folder.make(name)
    made = true
    const before = generation(folder, name)
    if (privilegeLevel !== undefined) folder.write(name, 'privlevel', `${privilegeLevel}`)
    folder.write(name, 'inblob', data)
    const report = folder.read(name, 'outblob')
    const auxiliary = optional(() => folder.read(name, 'auxblob'))
    const provider = folder.read(name, 'provider').toString('latin1').trim()
    // Each write counts: more than ours, and what was read may answer another's question.
    const writes = privilegeLevel === undefined ? 1n : 2n
    return generation(folder, name) === before + writes ? { provider, report, auxiliary } : undefined
  } catch (cause) {
    if (AGAIN.has((cause as NodeJS.ErrnoException).code ?? '')) return undefined
    throw new ThymusError('TEE_REFUSED', `the kernel gives no report: ${(cause as Error).message}`, { cause })
  } finally {
    if (made) folder.remove(name)
  }
}

const generation = (folder: TsmFolder, name: string) => BigInt(folder.read(name, 'generation').toString('latin1').trim())

/** Providers without it do not show the file; or it is there, and empty. */
function optional(read: () => Buffer): Buffer {
  try {
    return read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}
