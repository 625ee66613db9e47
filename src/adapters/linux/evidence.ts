// What this machine can present about itself: a quote of its TPM, the logs that the kernel keeps, a report of a confidential guest. Each that is not
// there is named, with why.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ThymusError } from '../../core/errors.ts'
import type { Reason } from '../../core/verdict.ts'
import { BEST_FIRST, type HashName, hashByName } from '../../formats/hash.ts'
import { readCcelTable } from '../../layers/firmware/tcg-log/ccel-table.ts'
import { parseEventLog } from '../../layers/firmware/tcg-log/event-log.ts'
import { collectGramine } from '../../layers/hardware/sgx/gramine-attestation.ts'
import type { PcrSelection } from '../../layers/hardware/tpm/abi/pcr-selection.ts'
import { writeTextPcrs } from '../../layers/hardware/tpm/abi/pcr-values.ts'
import { writePublicArea } from '../../layers/hardware/tpm/abi/public-area.ts'
import { entityOf } from '../../layers/hardware/tpm/commands/objects.ts'
import { quote } from '../../layers/hardware/tpm/commands/signing.ts'
import type { Place } from '../../layers/hardware/tpm/place.ts'
import { EMPTY } from '../../layers/hardware/tpm/session.ts'
import { gramineFiles } from './gramine.ts'
import { EVENT_LOG, IMA_LOG } from './roots.ts'
import { readRunLog } from './run-log.ts'
import { presentedKeys } from './tpm/endorsement.ts'
import { attestationKey } from './tpm/keys.ts'
import { activeBanks } from './tpm/pcrs.ts'
import { quotedPcrs } from './tpm/quotes.ts'
import { Tpm } from './tpm/tpm.ts'
import { tsmFolder, tsmReport } from './tsm-report.ts'

export interface Collected {
  readonly evidence: readonly Piece[]
  readonly absent: readonly { readonly type: string; readonly why: Reason }[]
}

export interface Piece {
  readonly name: string
  readonly type: string
  readonly parts: Readonly<Record<string, Uint8Array>>
}

type Pieces = Piece | readonly Piece[]

export interface CollectOptions {
  /** What quotes and reports answer; at most 32 bytes, which every TPM takes. */
  readonly nonce?: Uint8Array
  readonly tpm: Place
  /** Whether its endorsement keys are presented: they name the machine, and a slow TPM takes its time to make them. */
  readonly endorsement?: boolean
  /** The log of measured programs. */
  readonly runs?: string
  /** Of the file system, where tests look elsewhere. */
  readonly root?: string
}

/** Collects all that can be had. */
export async function collectEvidence({ nonce = Buffer.alloc(0), tpm, endorsement, runs, root = '/' }: CollectOptions): Promise<Collected> {
  const log = (type: string, name: string, path: string) => ({
    type,
    // Whole and at once: such a file says that its size is 0, and its content may grow between two reads.
    collect: () => ({ name, type, parts: { log: readFileSync(join(root, path)) } }),
  })
  // A log that is read behind the quote may be longer than what was quoted, never shorter.
  const attempts: readonly { readonly type: string; readonly collect: () => Pieces | Promise<Pieces> }[] = [
    { type: 'tpm-quote', collect: () => quoted(tpm, nonce, root) },
    ...(endorsement ? [{ type: 'tpm-endorsement', collect: () => endorsements(tpm) }] : []),
    log('tcg-log', 'boot', EVENT_LOG),
    log('ima-log', 'ima', IMA_LOG),
    ...(runs === undefined ? [] : [{ type: 'measured-runs', collect: () => measuredRuns(runs) }]),
    { type: 'cc-log', collect: () => guestLog(join(root, 'sys/firmware/acpi/tables')) },
    { type: 'tee-report', collect: () => guestReport(root, nonce) },
  ]
  const evidence: Piece[] = []
  const absent: { type: string; why: Reason }[] = []
  for (const { type, collect } of attempts) {
    try {
      evidence.push(...[await collect()].flat())
    } catch (error) {
      absent.push({ type, why: whyNot(error) })
    }
  }
  return { evidence, absent }
}

/** A quote of all PCRs of the best bank. */
async function quoted(place: Place, nonce: Uint8Array, root: string): Promise<Piece> {
  await using tpm = await Tpm.open(place)
  const selection = best(await activeBanks(tpm), banksOfLog(root))
  await using key = await attestationKey(tpm)
  const { made, pcrs } = await quotedPcrs(tpm, selection, key, () => tpm.run(quote(entityOf(key), nonce, selection), [EMPTY]))
  const values = writeTextPcrs(new Map([...pcrs].map(([bank, table]) => [hashByName(bank)!.id, table])))
  return { name: 'tpm', type: 'tpm-quote', parts: { ...made, key: writePublicArea(key.area), pcrs: Buffer.from(values) } }
}

/** Its endorsement keys, as far as its maker has vouched for them. */
async function endorsements(place: Place): Promise<readonly Piece[]> {
  await using tpm = await Tpm.open(place)
  const keys = await presentedKeys(tpm)
  if (keys.length === 0) throw new ThymusError('TPM_UNVERIFIED', 'the TPM has no certificate of an endorsement key')
  return keys.map(({ kind, area, certificate, chain }) => ({
    name: `ek-${kind}`,
    type: 'tpm-endorsement',
    parts: { key: writePublicArea(area), certificate, ...(chain === undefined ? {} : { chain }) },
  }))
}

/** The best that the firmware kept a log of; where that is not known, the best that the TPM has. */
function best(active: readonly PcrSelection[], logged: readonly HashName[]): readonly PcrSelection[] {
  const of = (names: readonly HashName[]) =>
    BEST_FIRST.filter((name) => names.includes(name)).flatMap((name) => active.filter(({ hash }) => hash === hashByName(name)!.id))
  return [...of(logged), ...of(BEST_FIRST), ...active].slice(0, 1)
}

function banksOfLog(root: string): readonly HashName[] {
  try {
    return parseEventLog(readFileSync(join(root, EVENT_LOG))).banks
  } catch {
    // No log, or none that can be read: it is said where the log itself is collected, or appraised.
    return []
  }
}

async function measuredRuns(log: string): Promise<Piece> {
  return { name: 'runs', type: 'measured-runs', parts: { log: await readRunLog(log) } }
}

/** The log that a confidential guest's firmware left, as far as its table says that it reaches. */
function guestLog(tables: string): Piece {
  const { technology, areaLength } = readCcelTable(readFileSync(join(tables, 'CCEL')))
  if (technology === 'SEV')
    throw new ThymusError('TEE_ABSENT', 'the log is of a guest of SEV, whose report has no registers that it could be held to')
  const area = readFileSync(join(tables, 'data/CCEL'))
  return { name: 'guest-boot', type: 'cc-log', parts: { log: area.subarray(0, Math.min(area.length, Number(areaLength))) } }
}

/** Of an enclave of Gramine, or of a confidential guest. */
function guestReport(root: string, nonce: Uint8Array): Piece {
  const enclave = gramineFiles(join(root, 'dev/attestation'))
  if (enclave.read('attestation_type') !== undefined) {
    const { type, parts } = collectGramine(enclave, '', nonce)
    return { name: 'sgx', type, parts }
  }
  const { provider, report, auxiliary } = tsmReport({ data: nonce }, tsmFolder(join(root, 'sys/kernel/config/tsm/report')))
  if (provider === 'tdx_guest') return { name: 'tdx', type: 'dcap-quote', parts: { quote: report } }
  if (provider === 'sev_guest') return { name: 'snp', type: 'snp-report', parts: { report, certificates: auxiliary } }
  return { name: 'tee', type: provider.replaceAll('_', '-'), parts: { report } }
}

function whyNot(error: unknown): Reason {
  if (error instanceof ThymusError) return { code: error.code, text: error.message }
  const { code, message, path } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR') return { code: 'NOT_THERE', text: `there is no ${path}` }
  if (code === 'EACCES' || code === 'EPERM') return { code: 'PRIVILEGE', text: `${path} is not shown to this user` }
  return { code: 'NO_ANSWER', text: message }
}
