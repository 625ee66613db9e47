import { createPrivateKey, type KeyObject } from 'node:crypto'
import { EXIT, ThymusError } from '../../core/errors.ts'
import { resultOf } from '../../crossings/attestation/result.ts'
import { EAR_PROFILE, VERAISON_PROFILE } from '../../formats/ear/ear.ts'
import { signEar } from '../../formats/ear/token.ts'
import type { Tier } from '../../formats/ear/trust.ts'
import { checkOutput, readText, writeOutput } from '../files.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { version } from '../version.ts'
import { type Appraised, appraiseBytes, type HeldFlags, readEvidenceFile } from './verifier.ts'

export interface VerifyFlags extends HeldFlags, OutputFlags {
  readonly key?: string
  readonly 'ear-profile': 'ietf' | 'veraison'
  readonly 'raw-evidence'?: boolean
}

/** How often a verification is done again because another one of the same key came first. */
const TURNS = 10
const PROFILES = { ietf: EAR_PROFILE, veraison: VERAISON_PROFILE } as const
const STATUS: Readonly<Record<Tier, number>> = {
  affirming: EXIT.ok,
  warning: EXIT.findings,
  contraindicated: EXIT.findings,
  none: EXIT.unknown,
}

export const statusFor = ({ appraisal }: Appraised): number => STATUS[appraisal.status]

export async function verify(flags: VerifyFlags, file: string): Promise<number> {
  const targets = flags.output ?? ['table']
  const [ear, ...more] = targets.filter(isEar)
  if (more.length > 0) throw new ThymusError('USAGE', 'one result is enough', { at: '-o ear' })
  const stray = ear === undefined ? (['key', 'raw-evidence'] as const).find((each) => flags[each]) : undefined
  if (stray !== undefined) throw new ThymusError('USAGE', `--${stray} is for -o ear`)
  if (ear?.startsWith(EAR_FILE)) checkOutput(ear.slice(EAR_FILE.length))
  const others = targets.filter((target) => !isEar(target))
  const output = others.length === 0 ? undefined : await openOutput('Appraisal', { ...flags, output: others })
  const key = ear === undefined ? undefined : signingKey(flags.key)
  const appraised = await appraiseAndKeep(file, flags)
  if (ear !== undefined) writeResult(ear, `${signEar(result(appraised, flags), key!)}\n`)
  output?.show(appraised.appraisal)
  return statusFor(appraised)
}

/** What others are told stands on what is kept: it is kept first. */
async function appraiseAndKeep(file: string, flags: HeldFlags): Promise<Appraised> {
  const bytes = readEvidenceFile(file)
  for (let turn = 0; turn < TURNS; turn++) {
    const appraised = appraiseBytes(bytes, file, flags)
    if (await appraised.keep()) return appraised
  }
  throw new ThymusError('KNOWN', 'other verifications of the same key came first, again and again', { at: file })
}

const EAR_FILE = 'ear='
const isEar = (target: string) => target === 'ear' || target.startsWith(EAR_FILE)

function result({ appraisal, bytes }: Appraised, flags: VerifyFlags) {
  return resultOf(appraisal, {
    profile: PROFILES[flags['ear-profile']],
    verifier: { developer: 'thymus', build: version() },
    ...(flags.nonce === undefined ? {} : { nonce: flags.nonce }),
    ...(flags['raw-evidence'] ? { rawEvidence: bytes } : {}),
  })
}

function signingKey(file: string | undefined): KeyObject {
  if (file === undefined) throw new ThymusError('USAGE', 'a result is signed: name a key', { at: '--key' })
  try {
    return createPrivateKey(readText(file))
  } catch (cause) {
    if (cause instanceof ThymusError) throw cause
    throw new ThymusError('USAGE', 'no private key in PEM', { at: file, cause })
  }
}

function writeResult(target: string, text: string): void {
  if (target === 'ear') process.stdout.write(text)
  else writeOutput(target.slice(EAR_FILE.length), text, { over: true })
}
