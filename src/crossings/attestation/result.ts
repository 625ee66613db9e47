// An appraisal as an EAT Attestation Result: one submodule for each piece of evidence.
import { EAR_PROFILE, type Ear, type EarProfile } from '../../formats/ear/ear.ts'
import type { BundleAppraisal, Submodule } from './appraise.ts'

/** EAR §3: a nonce has 8 to 64 bytes. */
const NONCE = [8, 64] as const

export interface ResultOptions {
  readonly profile: EarProfile
  readonly verifier: Ear['verifier']
  /** The challenge of whoever asked, to be given back. */
  readonly nonce?: Uint8Array
  readonly rawEvidence?: Buffer
}

/** Times are in seconds: a result ends no later than what it stands on. */
export function resultOf(appraised: BundleAppraisal, { profile, verifier, nonce, rawEvidence }: ResultOptions): Ear {
  const isNonce = nonce !== undefined && nonce.length >= NONCE[0] && nonce.length <= NONCE[1]
  return {
    profile,
    issuedAt: Math.floor(appraised.at / 1000),
    expires: Math.floor(appraised.expires / 1000),
    verifier,
    ...(isNonce ? { nonce: Buffer.from(nonce).toString('base64url') } : {}),
    ...(profile === EAR_PROFILE ? { status: appraised.status } : {}),
    ...(rawEvidence === undefined ? {} : { rawEvidence }),
    submods: Object.fromEntries(appraised.submodules.map((each) => [each.name, submodOf(each, appraised.policy)])),
  }
}

function submodOf({ status, vector, type, claims, checks, because, differences, from }: Submodule, policy: string): Ear['submods'][string] {
  return {
    status,
    ...(Object.keys(vector).length === 0 ? {} : { vector }),
    policies: [policy],
    evidence: { type, ...claims },
    added: {
      from,
      checks: checks.map(({ code, verdict }) => ({ code, ...verdict })),
      ...(because.length === 0 ? {} : { because }),
      ...(differences.length === 0 ? {} : { differences }),
    },
  }
}
