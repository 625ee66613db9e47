// What a verifier keeps of an attestation key from one verification to the next: what its TPM said of its own age, so that going back is seen, and
// how far its measurement list was walked. docs/schemas/known-key.json is made from it.
//
// Of the list the hash of the bytes that were walked is kept, and the value that they lead to. That is arithmetic, not trust: a list that begins
// with those bytes leads there, so that verdicts are those of a verifier that keeps nothing. Only hashing is saved. Every file is judged again, by
// the reference of today: findings that were kept would be those of an older one, and a prefix that nothing binds could be another than was judged.
import { hash } from 'node:crypto'
import { z } from 'zod'
import { ThymusError } from '../../core/errors.ts'
import { conform } from '../../formats/conform.ts'
import { API_VERSION } from '../../formats/doors/request.ts'
import { hashByName } from '../../formats/hash.ts'
import { type Bank, IMA_PCR, type ImaProgress } from '../../layers/firmware/ima/replay.ts'
import { clockChecks, type Heard } from '../../layers/hardware/tpm/verify/clock.ts'

export interface Known {
  /** The name of the key, in hexadecimal (TPM 2.0 part 1, 16). */
  readonly key: string
  readonly heard: Heard
  readonly list?: WalkedList
}

/** A measurement list, up to the last entry that a genuine quote attested. */
export interface WalkedList {
  readonly progress: ImaProgress
  /** How long that much of it is. */
  readonly bytes: number
  /** Of those bytes, in hexadecimal. */
  readonly sha256: string
}

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`))
const u32 = z.int().min(0).max(0xffff_ffff)
const u64 = z
  .string()
  .regex(/^(0|[1-9]\d{0,19})$/, { abort: true })
  .refine((digits) => BigInt(digits) < 1n << 64n, 'more than 64 bits hold')

const walkedSchema = z
  .strictObject({
    boot: u32.describe('The count of boots when it was walked; with another, the list begins anew.'),
    bank: z.enum(['sha1', 'sha256', 'sha384', 'sha512']).describe('Of the PCR.'),
    extension: z
      .enum(['own', 'padded-sha1'])
      .describe('What the bank is extended with: a hash of its own kind, or SHA-1 filled up with zeros.'),
    entries: z.int().positive().describe('Number of the last entry that was walked.'),
    value: z
      .string()
      .regex(/^([0-9a-f]{2})+$/)
      .describe('The PCR after it, in hexadecimal.'),
    bytes: z.int().positive().describe('Where it ends in the list.'),
    sha256: hex(32).describe('Of the list up to there.'),
  })
  .refine(({ bank, value }) => value.length === 2 * hashByName(bank)!.size, { message: 'no value of that bank', path: ['value'] })

export const knownSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('The form of the document.'),
    kind: z.literal('KnownKey').describe('What it is.'),
    key: z.string().describe('Name of the attestation key, in hexadecimal: hash algorithm and digest (TPM 2.0 part 1, 16).'),
    heard: z
      .strictObject({
        clock: u64.describe('Milliseconds that the TPM had power.'),
        resetCount: u32.describe('Its count of boots.'),
        restartCount: u32.describe('Its count of resumes since the boot.'),
        safe: z.boolean().describe('Whether the clock was never ahead of this.'),
        firmwareVersion: hex(8).describe('Of the firmware of the TPM.'),
      })
      .describe('What the last genuine quote said.'),
    list: walkedSchema.exactOptional().describe('How far the measurement list was walked.'),
  })
  .meta({ description: 'What is kept of an attestation key from one verification to the next.' })

/** @param key whose it should be @throws ThymusError KNOWN, which names the field */
export function readKnown(document: unknown, key: string): Known {
  const { key: named, heard, list } = conform(knownSchema, document, 'KNOWN')
  if (named !== key) throw new ThymusError('KNOWN', 'it is of another key', { at: 'key' })
  const { clock, firmwareVersion, ...counts } = heard
  return {
    key,
    heard: { clockInfo: { ...counts, clock: BigInt(clock) }, firmwareVersion: BigInt(`0x${firmwareVersion}`) },
    ...(list === undefined ? {} : { list: readWalked(list) }),
  }
}

function readWalked({ boot, bank, extension, entries, value, bytes, sha256 }: z.output<typeof walkedSchema>): WalkedList {
  const values = [[extension, Buffer.from(value, 'hex')]] as const
  return { progress: { boot: String(boot), bank, pcr: IMA_PCR, entries, values }, bytes, sha256 }
}

/** The document of it. */
export function writeKnown({ key, heard: { clockInfo, firmwareVersion }, list }: Known): z.input<typeof knownSchema> {
  const heard = { ...clockInfo, clock: String(clockInfo.clock), firmwareVersion: firmwareVersion.toString(16).padStart(16, '0') }
  return { apiVersion: API_VERSION, kind: 'KnownKey', key, heard, ...(list === undefined ? {} : { list: writeWalked(list) }) }
}

function writeWalked({ progress, bytes, sha256 }: WalkedList): z.input<typeof walkedSchema> {
  const { boot, bank, entries, values } = progress
  const [extension, value] = values[0]!
  return { boot: Number(boot), bank, extension, entries, value: value.toString('hex'), bytes, sha256 }
}

/**
 * What is known after a verification. It never goes back, whatever was learned.
 * @param learned from genuine evidence of that key
 */
export function knownAfter(before: Known | undefined, learned: readonly Known[]): Known | undefined {
  let known = before
  for (const next of learned) if (known === undefined || goesOn(next.heard, known.heard)) known = { ...known, ...next }
  return known
}

const goesOn = (heard: Heard, before: Heard) => clockChecks(heard, before).every(({ verdict }) => verdict.is === 'pass')

/** Where the walk of a list may go on; undefined where the list is of another boot or bank, or does not begin with what was walked. */
export function resumed(list: WalkedList | undefined, log: Uint8Array, boot: string, bank: Bank): ImaProgress | undefined {
  if (list === undefined || list.progress.boot !== boot || list.progress.bank !== bank) return undefined
  return list.bytes <= log.length && digestOf(log, list.bytes) === list.sha256 ? list.progress : undefined
}

/** What is kept of a list that was walked. @param bytes where the last entry of the walk ends */
export function walkedList(progress: ImaProgress, log: Uint8Array, bytes: number): WalkedList {
  return { progress, bytes, sha256: digestOf(log, bytes) }
}

const digestOf = (log: Uint8Array, bytes: number) => hash('sha256', log.subarray(0, bytes), 'hex')
