// The log of programs that were measured before they started (`thymus run --measured`): held to what a TPM quoted, and to the programs of the reference.
import { ThymusError } from '../../../core/errors.ts'
import type { NamedEvidence } from '../../../formats/evidence/bundle.ts'
import { HASHES, hashById } from '../../../formats/hash.ts'
import type { KnownPrograms } from '../../../layers/firmware/measured-run/program.ts'
import { type RunRecord, readRuns } from '../../../layers/firmware/measured-run/record.ts'
import { walkRuns } from '../../../layers/firmware/measured-run/replay.ts'
import { checkPrograms, strangers, verifyRuns } from '../../../layers/firmware/measured-run/verify.ts'
import type { PcrValues } from '../../../layers/hardware/tpm/abi/pcr-values.ts'
import type { VerifiedQuote } from '../../../layers/hardware/tpm/verify/quote.ts'
import { type Appraiser, type Asked, part } from '../appraise.ts'
import type { Reference } from '../reference.ts'
import { quotedBank, quotedBy } from './tpm.ts'

const TYPE = 'measured-runs'
const BANKS = HASHES.map(({ name }) => name)

/** `log`: as `thymus run --measured` writes it. */
export const appraiseRuns: Appraiser = (evidence, asked, all) => {
  const records = readLog(evidence)
  const { check, quote } = quotedBy(all, asked)
  const { checks, attested, isGenuine } = verifyRuns(records, quotedBank(quote, BANKS))
  const known = knownPrograms(asked.reference)
  return {
    checks: [check, ...checks, ...(isGenuine ? [checkPrograms(attested, known)] : [])],
    claims: { runs: records.length, attested: attested.length, programs: programsOf(attested) },
    expires: null,
    differences: known === undefined ? [] : strangers(attested, known),
  }
}

/** The programs that a quote attests, as a reference has them. */
export function attestedPrograms(evidence: NamedEvidence, all: readonly NamedEvidence[], asked: Asked): NonNullable<Reference['runs']> {
  const { attested } = verifyRuns(readLog(evidence), quotedBank(quotedBy(all, asked).quote, BANKS))
  return programsOf(attested)
}

/**
 * Quoted values that the logs of runs lead to, by which a boot log need not account for those registers. A log that cannot be read, or that leads
 * elsewhere, accounts for none.
 */
export function valuesOfRuns(all: readonly NamedEvidence[], { pcrs }: VerifiedQuote): PcrValues {
  const logs = all.filter(({ type }) => type === TYPE).map(readable)
  return new Map(
    [...pcrs].map(([id, values]) => {
      const bank = hashById(id)?.name
      const isLed = ([pcr, value]: readonly [number, Buffer]) =>
        bank !== undefined && logs.some((records) => walkRuns(records, bank, pcr, value).attested.length > 0)
      return [id, new Map([...values].filter(isLed))]
    }),
  )
}

function readable(evidence: NamedEvidence): readonly RunRecord[] {
  try {
    return readLog(evidence)
  } catch (error) {
    if (error instanceof ThymusError) return []
    throw error
  }
}

/** @throws ThymusError FORMAT, EVIDENCE */
const readLog = (evidence: NamedEvidence) => readRuns(Buffer.from(part(evidence, 'log')).toString('utf8'))

function knownPrograms({ runs }: Reference): KnownPrograms | undefined {
  if (runs === undefined) return undefined
  const byName = Map.groupBy(runs, ({ program }) => program)
  return { files: new Map([...byName].map(([program, each]) => [program, new Set(each.map(({ sha256 }) => sha256))])) }
}

/** Each once, in the order in which they were first started. */
function programsOf(attested: readonly RunRecord[]): NonNullable<Reference['runs']> {
  const programs = attested.map(({ run }) => [`${run.digest} ${run.path}`, { program: run.path, sha256: run.digest }] as const)
  return [...new Map(programs).values()]
}
