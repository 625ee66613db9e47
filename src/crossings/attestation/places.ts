// What each check says of the eight claims of AR4SI: the claim, and its value where the check passes and where it fails.
import type { CheckTable } from '../../core/appraisal.ts'
import type { TrustClaim } from '../../formats/ear/trust.ts'
import type { ATTEST_CHECKS } from './checks.ts'

export interface Place {
  readonly claim: TrustClaim
  /** Left out where a pass affirms nothing by itself. */
  readonly pass?: number
  readonly fail: number
  /** Without it nothing else that the evidence says is worth anything. */
  readonly base?: true
}

/** One for every check of a technology. */
export type Places<Table extends CheckTable> = Readonly<Record<keyof Table, Place>>

/** The evidence is of a kind that was not expected, or cannot be read (AR4SI §2.3.4, value 1). */
const unexpected: Place = { claim: 'hardware', fail: 1, base: true }
/** A signature or a binding is wrong (value 99). */
const unsigned: Place = { claim: 'hardware', fail: 99, base: true }

const ATTEST: Places<typeof ATTEST_CHECKS> = {
  ATTEST_TYPE: unexpected,
  ATTEST_PARTS: unexpected,
  ATTEST_FORMAT: unexpected,
  ATTEST_CHALLENGE: unsigned,
  ATTEST_INSTANCE: { claim: 'instance-identity', pass: 2, fail: 97 },
  ATTEST_POLICY: { claim: 'hardware', fail: 1, base: true },
}

export const PLACES: Readonly<Record<string, Place>> = { ...ATTEST }

/** A check that nobody gave a place affirms nothing, and where it does not pass, nothing is affirmed. */
export const NO_PLACE: Place = { claim: 'hardware', fail: 96, base: true }

export const placeOf = (code: string): Place => (Object.hasOwn(PLACES, code) ? PLACES[code]! : NO_PLACE)
