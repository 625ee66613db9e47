// Whether a genuine quote is good enough: a policy over what it says. Only values that the quote covers count.
import { checked } from '../../../../core/appraisal.ts'
import type { Check } from '../../../../core/verdict.ts'
import { type HashName, hashById, hashByName } from '../../../../formats/hash.ts'
import type { TpmSignature } from '../abi/signature.ts'
import { TPM_CHECKS } from '../checks.ts'
import type { VerifiedQuote } from '../verify/quote.ts'

export interface QuotePolicy {
  /** Hashes that banks and signature may have; SHA-1, of which collisions can be made, is not among them unless it is named. */
  readonly hashes?: readonly HashName[]
  /** PCRs that must be quoted, each in a bank of one of these hashes at least. */
  readonly pcrs?: readonly number[]
  /** Bank → PCR → values, of which it must have one. A PCR that is named here must be quoted in that bank. */
  readonly values?: ReadonlyMap<HashName, ReadonlyMap<number, readonly Buffer[]>>
  /** The oldest firmware of the TPM, as it reports its version to a key of the endorsement hierarchy; others see it shifted. */
  readonly firmwareVersion?: bigint
  /** Whether the clock must be one that was saved in time. */
  readonly safeClock?: boolean
}

const STRONG: readonly HashName[] = ['sha256', 'sha384', 'sha512', 'sm3']

/** Only what the policy asks for is looked at, and always the hashes. */
export function validateQuote(verified: VerifiedQuote, signature: TpmSignature, policy: QuotePolicy = {}): readonly Check[] {
  const { attest } = verified
  const { firmwareVersion, safeClock } = policy
  const allowed = policy.hashes ?? STRONG
  return [
    hashCheck(verified, signature, allowed),
    ...(policy.pcrs === undefined ? [] : [quotedCheck(verified, policy.pcrs, allowed)]),
    ...(policy.values === undefined ? [] : [valueCheck(verified, policy.values)]),
    ...(firmwareVersion === undefined
      ? []
      : [
          checked(TPM_CHECKS, 'TPM_POLICY_FIRMWARE', attest.firmwareVersion >= firmwareVersion, {
            ...{ expected: `at least ${hex(firmwareVersion)}`, got: hex(attest.firmwareVersion) },
          }),
        ]),
    ...(safeClock ? [checked(TPM_CHECKS, 'TPM_POLICY_CLOCK', attest.clockInfo.safe)] : []),
  ]
}

/** A bank of a weak hash beside a strong one is no fault: what is quoted in both, the strong one says. */
function hashCheck({ quote }: VerifiedQuote, { hash }: TpmSignature, allowed: readonly HashName[]): Check {
  const ids = allowed.map((name) => hashByName(name)!.id)
  const banks = (quote?.selections ?? []).filter(({ pcrs }) => pcrs.length > 0).map((selection) => selection.hash)
  const strong = ids.includes(hash) && banks.some((bank) => ids.includes(bank))
  return checked(TPM_CHECKS, 'TPM_POLICY_HASH', strong, {
    ...{ expected: allowed.join(', '), got: [hash, ...banks].map((id) => hashById(id)?.name ?? `0x${id.toString(16)}`).join(', ') },
  })
}

function quotedCheck({ quote }: VerifiedQuote, wanted: readonly number[], allowed: readonly HashName[]): Check {
  const banks = (quote?.selections ?? []).filter(({ hash }) => allowed.some((name) => hashByName(name)!.id === hash))
  const quoted = new Set(banks.flatMap(({ pcrs }) => pcrs))
  const missing = wanted.filter((pcr) => !quoted.has(pcr))
  return checked(TPM_CHECKS, 'TPM_POLICY_PCRS', missing.length === 0, missing.length === 0 ? {} : { expected: `PCR ${missing.join(', ')}` })
}

function valueCheck({ pcrs }: VerifiedQuote, wanted: NonNullable<QuotePolicy['values']>): Check {
  const wrong = [...wanted].flatMap(([bank, values]) =>
    [...values]
      .filter(([pcr, allowed]) => !allowed.some((value) => pcrs.get(hashByName(bank)!.id)?.get(pcr)?.equals(value)))
      .map(([pcr]) => `${bank}:${pcr}`),
  )
  return checked(
    TPM_CHECKS,
    'TPM_POLICY_VALUES',
    wrong.length === 0,
    wrong.length === 0 ? {} : { got: `another value in ${wrong.join(', ')}` },
  )
}

const hex = (value: bigint) => `0x${value.toString(16).padStart(16, '0')}`
