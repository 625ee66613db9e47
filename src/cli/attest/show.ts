import { createPublicKey, type KeyObject } from 'node:crypto'
import { ThymusError } from '../../core/errors.ts'
import { unverifiedEar, verifyEar } from '../../formats/ear/token.ts'
import { readText } from '../files.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import type { ShownResult } from '../views/attest.ts'
import { appraiseBytes, readEvidenceFile } from './verifier.ts'

export interface ShowFlags extends OutputFlags {
  readonly key?: string
}

/** What a JSON Web Token, as a result is one, is written with. */
const TOKEN = /^[\w.-]+$/

export async function show(flags: ShowFlags, file: string): Promise<undefined> {
  const bytes = readEvidenceFile(file)
  const text = bytes.toString('latin1').trim()
  if (!TOKEN.test(text)) {
    if (flags.key !== undefined) throw new ThymusError('USAGE', 'a key is for results; evidence has its own', { at: '--key' })
    const output = await openOutput('EvidenceList', flags)
    const { appraisal } = appraiseBytes(bytes, file, {})
    output.show({ items: appraisal.submodules.map(({ name, type, claims, checks, from }) => ({ name, type, claims, checks, from })) })
    return
  }
  const output = await openOutput('Result', flags)
  const { rawEvidence: _, ...ear } = flags.key === undefined ? unverifiedEar(text) : verifyEar(text, publicKey(flags.key), Date.now())
  output.show({ ...ear, verified: flags.key !== undefined } satisfies ShownResult)
}

function publicKey(file: string): KeyObject {
  try {
    return createPublicKey(readText(file))
  } catch (cause) {
    if (cause instanceof ThymusError) throw cause
    throw new ThymusError('USAGE', 'no public key in PEM', { at: file, cause })
  }
}
