// What `thymus run --measured` puts into a PCR before a program starts, and the log that says what it was: a line of JSON for each, in the manner of
// the TCG Canonical Event Log (CEL 1.0, clause 5), whose content is kept as the text that was hashed.
import { hash } from 'node:crypto'
import { ThymusError } from '../../../core/errors.ts'
import { type HashName, hashByName } from '../../../formats/hash.ts'

export interface MeasuredRun {
  /** Without links on the way. */
  readonly path: string
  /** SHA-256, in hexadecimal. */
  readonly digest: string
  readonly arguments: readonly string[]
}

export interface RunRecord {
  readonly pcr: number
  readonly digests: ReadonlyMap<HashName, Buffer>
  readonly run: MeasuredRun
}

/**
 * Of those that a program can extend, the one that fewest others use: systemd extends 11, 12, 13 and 15, shim 14; 16 and 23 can be reset by anybody, so
 * that they prove nothing. 13 is for images of system extensions, which a node seldom has; where it has, the order in which both extend it is lost.
 */
export const RUN_PCR = 13
/** PCRs that a program may extend and nobody may reset (TCG PC Client Platform TPM Profile 1.05, table 5). */
const RUN_PCRS: ReadonlySet<number> = new Set([8, 9, 10, 11, 12, 13, 14, 15])

const MAX_LOG = 64 << 20
/** A command line is at most so long (ARG_MAX, with each byte written as an escape). */
const MAX_LINE = 16 << 20

/** What each bank is extended with. */
export function recordOf(
  run: MeasuredRun,
  pcr: number,
  banks: readonly HashName[],
): { readonly line: string; readonly digests: RunRecord['digests'] } {
  const content = JSON.stringify({ program: run.path, sha256: run.digest, arguments: run.arguments })
  const digests = new Map(banks.map((bank) => [bank, hash(bank, content, 'buffer')]))
  const listed = [...digests].map(([hashAlg, digest]) => ({ hashAlg, digest: digest.toString('hex') }))
  return { line: `${JSON.stringify({ pcr, digests: listed, content_type: 'thymus-run', content })}\n`, digests }
}

/** Reads a log. Each digest is that of its content, or the log is none. @throws ThymusError FORMAT with the line */
export function readRuns(text: string): readonly RunRecord[] {
  if (text.length > MAX_LOG) fail('log', `more than ${MAX_LOG} characters`)
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => readRecord(line, `line ${index + 1}`))
}

/** What a log says of other PCRs. A line that cannot be read is left out: it keeps the rest from being read. */
export const linesBeside = (text: string, pcr: number): string =>
  text
    .split('\n')
    .filter((line) => line !== '' && ![undefined, pcr].includes(pcrOf(line)))
    .map((line) => `${line}\n`)
    .join('')

function pcrOf(line: string): number | undefined {
  try {
    return readRecord(line, 'line').pcr
  } catch {
    return undefined
  }
}

function readRecord(line: string, at: string): RunRecord {
  if (line.length > MAX_LINE) fail(at, `more than ${MAX_LINE} characters`)
  const { pcr, digests, content_type: type, content } = object(line, at)
  if (!RUN_PCRS.has(pcr as number)) fail(at, 'no number of a PCR')
  if (type !== 'thymus-run' || typeof content !== 'string' || !Array.isArray(digests)) fail(at, 'no record of a run')
  const read = new Map(digests.map((each) => readDigest(each, content, at)))
  if (read.size !== digests.length) fail(at, 'a bank stands twice')
  return { pcr: pcr as number, digests: read, run: readRun(content, at) }
}

function readDigest(value: unknown, content: string, at: string): readonly [HashName, Buffer] {
  const { hashAlg, digest } = (value ?? {}) as Readonly<Record<string, unknown>>
  const known = typeof hashAlg === 'string' ? hashByName(hashAlg) : undefined
  if (known === undefined) fail(at, 'a bank that is not known')
  const bytes = hash(known.name, content, 'buffer')
  if (digest !== bytes.toString('hex')) fail(at, `the digest of ${known.name} is not that of the content`)
  return [known.name, bytes]
}

function readRun(content: string, at: string): MeasuredRun {
  const { program, sha256, arguments: given } = object(content, at)
  if (typeof program !== 'string' || typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) fail(at, 'no program with its digest')
  if (!Array.isArray(given) || !given.every((each) => typeof each === 'string')) fail(at, 'no arguments')
  return { path: program, digest: sha256, arguments: given }
}

function object(text: string, at: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new ThymusError('FORMAT', 'no JSON', { at, cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(at, 'no object')
  return value as Readonly<Record<string, unknown>>
}

function fail(at: string, message: string): never {
  throw new ThymusError('FORMAT', message, { at })
}
