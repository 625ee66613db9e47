// A bundle of evidence, appraised as `thymus attest verify` does it, by the default policy or another.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Appraiser, type Asked, appraise, type BundleAppraisal } from '../../src/crossings/attestation/appraise.ts'
import { appraisalPolicy } from '../../src/crossings/attestation/policy.ts'
import { referenceOf } from '../../src/crossings/attestation/record.ts'
import { type Reference, readReference } from '../../src/crossings/attestation/reference.ts'
import { appraisers } from '../../src/crossings/attestation/technologies/appraisers.ts'
import { verifyBoot, verifyGuestBoot } from '../../src/crossings/measured-boot/verify-boot.ts'
import type { Bundle } from '../../src/formats/evidence/bundle.ts'
import { compilePolicy } from '../../src/lang/rego/policy.ts'
import { machine, NONCE, NOW } from './machine.ts'

const POLICIES = join(import.meta.dirname, '../../policies/attestation')
/** What a policy of one’s own may build on. */
export const LIBRARY = { 'ar4si.rego': readFileSync(join(POLICIES, 'ar4si.rego'), 'utf8') }
const DEFAULT = { ...LIBRARY, 'default.rego': readFileSync(join(POLICIES, 'default.rego'), 'utf8') }
const surroundings = { now: BigInt(NOW) * 1_000_000n, clock: () => 0, random: () => 0 }
/** A policy by its modules. */
export const policyOf = (sources: Readonly<Record<string, string>>) => appraisalPolicy('test', sources, compilePolicy, surroundings)
/** The policy that is asked where no other is named. */
export const byDefault = policyOf(DEFAULT)

/** Appraised at that time, to that challenge, and held to the reference of the machine, unless asked otherwise. @param more other appraisers, as those that trust the test's own makers */
export function judged(
  bundle: Bundle,
  asked: Partial<Asked> = {},
  policy = byDefault,
  more: Readonly<Record<string, Appraiser>> = {},
): BundleAppraisal {
  const verifier = {
    appraisers: { ...appraisers({ toQuote: verifyBoot, toGuest: verifyGuestBoot }), ...more },
    policy,
    context: { mode: 'enforce' },
    validFor: 600_000,
  } as const
  return appraise(bundle, { now: NOW, nonce: NONCE, reference: REFERENCE, ...asked }, verifier)
}

/** Of `machine()`. */
export const REFERENCE: Reference = readReference(JSON.parse(JSON.stringify(referenceOf(machine(), NOW))))
export const statusOf = ({ submodules }: BundleAppraisal) => Object.fromEntries(submodules.map(({ name, status }) => [name, status]))
/** Codes that did not pass, `CODE?` where unknown, of one submodule. */
export const faults = ({ submodules }: BundleAppraisal, of: string) =>
  submodules
    .find(({ name }) => name === of)!
    .checks.flatMap(({ code, verdict }) => (verdict.is === 'pass' ? [] : [verdict.is === 'fail' ? code : `${code}?`]))
export const vectorOf = ({ submodules }: BundleAppraisal, of: string) => submodules.find(({ name }) => name === of)!.vector
