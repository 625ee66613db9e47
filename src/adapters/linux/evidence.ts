// What this machine can present about itself: quotes of its TPM, the logs that the kernel keeps, reports of a confidential guest. Each that is not
// there is named, with why.
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'

import { join } from 'node:path'
import type { Reason } from '../../core/verdict.ts'
import { EVENT_LOG, IMA_LOG } from './roots.ts'

export interface Collected {
  readonly evidence: readonly Piece[]
  readonly absent: readonly { readonly type: string; readonly why: Reason }[]
}

export interface Piece {
  readonly name: string
  readonly type: string
  readonly parts: Readonly<Record<string, Uint8Array>>
}

type Attempt = { readonly type: string; readonly collect: () => Piece | Promise<Piece> }

const TSM = 'sys/kernel/config/tsm/report'
/** Of what a report answers. */
const REPORT_DATA = 64

/**
 * Collects all that can be had. @param nonce what quotes and reports answer @param root of the file system, where tests look elsewhere
 */
export async function collectEvidence(nonce: Uint8Array = Buffer.alloc(0), root = '/'): Promise<Collected> {
  const log = (type: string, name: string, path: string): Attempt => ({
    type,
    // Whole and at once: such a file says that its size is 0, and its content may grow between two reads.
    collect: () => ({ name, type, parts: { log: readFileSync(join(root, path)) } }),
  })
  const attempts = [
    log('tcg-log', 'boot', EVENT_LOG),
    log('ima-log', 'ima', IMA_LOG),
    { type: 'tee-report', collect: () => guestReport(root, nonce) },
  ]
  const evidence: Piece[] = []
  const absent: { type: string; why: Reason }[] = []
  for (const { type, collect } of attempts) {
    try {
      evidence.push(await collect())
    } catch (error) {
      absent.push({ type, why: whyNot(error as NodeJS.ErrnoException) })
    }
  }
  return { evidence, absent }
}

/** A report of a confidential guest, as configfs-tsm has it (Linux, Documentation/ABI/testing/configfs-tsm-report). */
function guestReport(root: string, nonce: Uint8Array): Piece {
  const entry = join(root, TSM, `thymus-${randomBytes(8).toString('hex')}`)
  mkdirSync(entry)
  try {
    writeFileSync(join(entry, 'inblob'), reportData(nonce))
    const read = (name: string) => readFileSync(join(entry, name))
    const [provider, report] = [read('provider').toString('latin1').trim(), read('outblob')]
    if (provider === 'tdx_guest') return { name: 'tdx', type: 'dcap-quote', parts: { quote: report } }
    if (provider !== 'sev_guest') return { name: 'tee', type: provider.replaceAll('_', '-'), parts: { report } }
    return { name: 'snp', type: 'snp-report', parts: { report, certificates: read('auxblob') } }
  } finally {
    rmdirSync(entry)
  }
}

/** As it is, with zeros behind it; what is longer by its SHA-512. */
function reportData(nonce: Uint8Array): Buffer {
  if (nonce.length > REPORT_DATA) return createHash('sha512').update(nonce).digest()
  return Buffer.concat([nonce], REPORT_DATA)
}

function whyNot({ code = '', message, path }: NodeJS.ErrnoException): Reason {
  if (code === 'ENOENT' || code === 'ENOTDIR') return { code: 'NOT_THERE', text: `there is no ${path}` }
  if (code === 'EACCES' || code === 'EPERM') return { code: 'PRIVILEGE', text: `${path} is not shown to this user` }
  return { code: 'NO_ANSWER', text: message }
}
