// `thymus attest challenge`, `answer` and `enroll`: how a verifier comes to know that a key lives in a TPM.
import { rmSync, statSync } from 'node:fs'
import { answered } from '../../adapters/linux/tpm/credentials.ts'
import { ThymusError, within } from '../../core/errors.ts'
import {
  answer as answerOf,
  challenge as challengeOf,
  enrolledIn,
  readChallenge,
  readPending,
  verifiedAnswer,
} from '../../crossings/attestation/credential.ts'
import { NO_REFERENCE, readReference } from '../../crossings/attestation/reference.ts'
import { readBundle } from '../../formats/evidence/bundle.ts'
import { writeOutput } from '../files.ts'
import { type Output, type OutputFlags, openOutput } from '../output.ts'
import { note } from '../terminal.ts'
import { type AuthorityFlags, authoritiesOf, namesAuthorities } from '../tpm/trust.ts'
import { onTpm, type TpmFlags } from '../tpm/use.ts'
import { tpmText } from '../views/attest.ts'
import type { Kind } from '../views/views.ts'
import { readDocument } from './json.ts'

const VALID_FOR = 3600
const OTHERS_MAY_WRITE = 0o022

export interface ChallengeFlags extends OutputFlags, AuthorityFlags {
  /** A file of the verifier's. */
  readonly pending: string
  /** In seconds. */
  readonly 'valid-for'?: number
  readonly time?: number
}

export async function challenge(flags: ChallengeFlags, file: string): Promise<undefined> {
  const output = await openDocument('CredentialChallenge', flags)
  const authorities = authoritiesOf(flags)
  if (!namesAuthorities(authorities)) throw new ThymusError('USAGE', 'name who vouches for TPMs: --roots FILE')
  const [now, validFor] = [flags.time ?? Date.now(), 1000 * (flags['valid-for'] ?? VALID_FOR)]
  const bundle = readDocument(file, 'EVIDENCE', readBundle)
  const issued = within(file, () => challengeOf(bundle, { now, validFor, authorities }))
  writeOutput(flags.pending, `${JSON.stringify(issued.pending, undefined, 2)}\n`, { isPrivate: true })
  note(`${bundle.about} is known by ${tpmText(issued.pending.endorsement)}`)
  output.show(issued.challenge)
}

export async function answer(flags: OutputFlags & TpmFlags, file: string): Promise<number | undefined> {
  const output = await openDocument('CredentialAnswer', flags)
  const asked = readDocument(file, 'CREDENTIAL', readChallenge)
  return onTpm(flags, async (tpm) => output.show(answerOf(asked, await answered(tpm, asked))))
}

export interface EnrollFlags extends OutputFlags {
  readonly pending: string
  readonly reference?: string
  readonly replace?: boolean
  readonly time?: number
}

/** A challenge is answered once: what was remembered of it goes with the enrolment. */
export async function enroll(flags: EnrollFlags, file: string): Promise<undefined> {
  const output = await openDocument('AttestationReference', flags)
  checkPending(flags.pending)
  const now = flags.time ?? Date.now()
  const pending = readDocument(flags.pending, 'CREDENTIAL', (document) => readPending(document, now))
  const reference = flags.reference === undefined ? NO_REFERENCE : readDocument(flags.reference, 'REFERENCE', readReference)
  const key = readDocument(file, 'CREDENTIAL', (document) => verifiedAnswer(document, pending, now))
  output.show(within(flags.reference ?? 'the reference', () => enrolledIn(reference, key, flags)))
  rmSync(flags.pending)
}

/** What is written here is for the next command: shown to people alone, it would be lost. @throws ThymusError USAGE */
function openDocument(kind: Kind, flags: OutputFlags): Promise<Output> {
  if (!flags.output?.some((each) => /^json\b/.test(each)))
    throw new ThymusError('USAGE', 'the next command takes it: name a file', { at: '-o json=FILE' })
  return openOutput(kind, flags)
}

/** Who may write there says who is enrolled. */
function checkPending(at: string): void {
  const stat = statSync(at, { throwIfNoEntry: false })
  if (stat === undefined) throw new ThymusError('CREDENTIAL', 'nothing is asked there: it was answered, or never asked', { at })
  if ((stat.mode & OTHERS_MAY_WRITE) !== 0) throw new ThymusError('CREDENTIAL', 'others may write it: chmod 600', { at })
}
