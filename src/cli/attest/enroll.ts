// `thymus attest challenge`, `answer` and `enroll`: how a verifier comes to know that a key lives in a TPM.
import { existsSync, rmSync } from 'node:fs'
import { answered } from '../../adapters/linux/tpm/credentials.ts'
import { ThymusError } from '../../core/errors.ts'
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
import { type OutputFlags, openOutput } from '../output.ts'
import { writeOutput } from '../tpm/files.ts'
import { type AuthorityFlags, authoritiesOf, namesAuthorities } from '../tpm/trust.ts'
import { onTpm, type TpmFlags } from '../tpm/use.ts'
import { inFile, readDocument } from './json.ts'

const VALID_FOR = 3600

export interface ChallengeFlags extends OutputFlags, AuthorityFlags {
  /** A file of the verifier's. */
  readonly pending: string
  /** In seconds. */
  readonly 'valid-for'?: number
  readonly time?: number
}

export async function challenge(flags: ChallengeFlags, file: string): Promise<undefined> {
  const output = await openOutput('CredentialChallenge', flags)
  const authorities = authoritiesOf(flags)
  if (!namesAuthorities(authorities)) throw new ThymusError('USAGE', 'name who vouches for TPMs: --roots FILE')
  const [now, validFor] = [flags.time ?? Date.now(), 1000 * (flags['valid-for'] ?? VALID_FOR)]
  const bundle = readDocument(file, 'EVIDENCE', readBundle)
  const issued = inFile(file, () => challengeOf(bundle, { now, validFor, authorities }))
  writeOutput(flags.pending, `${JSON.stringify(issued.pending, undefined, 2)}\n`, { isPrivate: true })
  output.show(issued.challenge)
}

export async function answer(flags: OutputFlags & TpmFlags, file: string): Promise<number | undefined> {
  const output = await openOutput('CredentialAnswer', flags)
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
  const output = await openOutput('AttestationReference', flags)
  if (!existsSync(flags.pending))
    throw new ThymusError('CREDENTIAL', 'nothing is asked there: it was answered, or never asked', { at: flags.pending })
  const pending = readDocument(flags.pending, 'CREDENTIAL', readPending)
  const reference = flags.reference === undefined ? NO_REFERENCE : readDocument(flags.reference, 'REFERENCE', readReference)
  const key = readDocument(file, 'CREDENTIAL', (document) => verifiedAnswer(document, pending, flags.time ?? Date.now()))
  output.show(inFile(flags.reference ?? 'the reference', () => enrolledIn(reference, key, flags)))
  rmSync(flags.pending)
}
