// The eight claims of Attestation Results for Secure Interactions (draft-ietf-rats-ar4si-09 §2.3) and the four tiers that their values fall into.

/** From what says nothing to what says the worst. */
export const TIERS = ['none', 'affirming', 'warning', 'contraindicated'] as const
export type Tier = (typeof TIERS)[number]

export const TRUST_CLAIMS = [
  'instance-identity',
  'configuration',
  'executables',
  'file-system',
  'hardware',
  'runtime-opaque',
  'storage-opaque',
  'sourced-data',
] as const
export type TrustClaim = (typeof TRUST_CLAIMS)[number]
export const isClaim = (name: string): name is TrustClaim => (TRUST_CLAIMS as readonly string[]).includes(name)

/** A value from -128 to 127 for each claim that is made. */
export type TrustVector = Readonly<Partial<Record<TrustClaim, number>>>

/** AR4SI §2.3.2: positive values are the draft's own, negative ones a verifier's. */
export function tierOf(value: number): Tier {
  const size = value < 0 ? -value - 1 : value
  if (size < 2 && value >= -1) return 'none'
  if (size < 32) return 'affirming'
  return size < 96 ? 'warning' : 'contraindicated'
}

/** The worst of several; `none` where there is none. */
export function worstTier(tiers: readonly Tier[]): Tier {
  return TIERS[Math.max(0, ...tiers.map((tier) => TIERS.indexOf(tier)))]!
}

/** The worst tier of a vector. A claim of the tier `none` says nothing about the others. */
export const vectorTier = (vector: TrustVector): Tier => worstTier(Object.values(vector).map(tierOf))

/** What a value means, in a few words (AR4SI §2.3.4); of one that the draft does not define, its tier. */
export function meaningOf(claim: TrustClaim, value: number): string {
  return MEANINGS[claim][value] ?? GENERAL[value] ?? tierOf(value)
}

const GENERAL: Readonly<Record<number, string>> = {
  [-1]: 'the verifier failed',
  0: 'nothing can be said',
  1: 'the evidence is of a kind that was not expected',
  99: 'its signature or binding is wrong',
}
const CODE: Readonly<Record<number, string>> = { 32: 'known, with known weaknesses', 96: 'not what it should be' }
const MEANINGS: Readonly<Record<TrustClaim, Readonly<Record<number, string>>>> = {
  'instance-identity': { 2: 'recognised', 96: 'recognised, and not to be trusted', 97: 'not recognised' },
  configuration: { 2: 'approved', 3: 'no known weakness', 32: 'known weaknesses', 96: 'unacceptable weaknesses' },
  executables: { 2: 'only approved code, since the boot', 3: 'only approved code in the boot', 33: 'code that is not recognised', ...CODE },
  'file-system': { 2: 'only approved files', 32: 'files that are not recognised', 96: 'files that are known to be bad' },
  hardware: { 2: 'genuine', 97: 'not recognised', ...CODE },
  'runtime-opaque': { 2: 'memory is encrypted', 32: 'memory is isolated', 96: 'memory can be read from outside' },
  'storage-opaque': {
    2: 'secrets are stored under keys of the hardware',
    32: 'secrets are stored encrypted',
    96: 'secrets are stored in the clear',
  },
  'sourced-data': {
    2: 'from sources that are affirmed',
    32: 'from sources that are not attested',
    96: 'from sources that are contradicted',
  },
}
