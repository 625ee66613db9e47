// What each check says of the eight claims of AR4SI: the claim, and its value where the check passes and where it fails.
import type { CheckTable } from '../../core/appraisal.ts'
import type { TrustClaim } from '../../formats/ear/trust.ts'
import type { SNP_CHECKS } from '../../layers/hardware/snp/checks.ts'
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

/** As above; that it is right makes the hardware genuine. */
const signed: Place = { ...unsigned, pass: 2 }

const ATTEST: Places<typeof ATTEST_CHECKS> = {
  ATTEST_TYPE: unexpected,
  ATTEST_PARTS: unexpected,
  ATTEST_FORMAT: unexpected,
  ATTEST_CHALLENGE: unsigned,
  ATTEST_INSTANCE: { claim: 'instance-identity', pass: 2, fail: 97 },
  ATTEST_POLICY: { claim: 'hardware', fail: 1, base: true },
}

/** What was launched, and how it was asked for. */
const launched: Place = { claim: 'executables', pass: 3, fail: 33 }
/** What the guest or the platform is set up to allow. */
const setUp: Place = { claim: 'configuration', pass: 2, fail: 96 }
/** Firmware with weaknesses that are known. */
const patched: Place = { claim: 'hardware', pass: 2, fail: 32 }
const SNP: Places<typeof SNP_CHECKS> = {
  SNP_CHAIN: unsigned,
  SNP_LINE: unsigned,
  SNP_CERT_TIME: unsigned,
  SNP_REVOKED: { claim: 'hardware', fail: 96, base: true },
  SNP_SIGNING_KEY: unsigned,
  SNP_SIGNATURE: signed,
  SNP_TCB: unsigned,
  SNP_CHIP_ID: unsigned,
  SNP_PRODUCT: unsigned,
  SNP_POLICY_DEBUG: { claim: 'runtime-opaque', pass: 2, fail: 96 },
  SNP_POLICY_MIGRATE_MA: { claim: 'runtime-opaque', pass: 2, fail: 96 },
  SNP_POLICY_SMT: setUp,
  SNP_POLICY_SINGLE_SOCKET: setUp,
  SNP_POLICY_ABI: setUp,
  SNP_POLICY_KNOWN: setUp,
  SNP_VMPL: setUp,
  SNP_TCB_MINIMUM: patched,
  SNP_FIRMWARE: patched,
  SNP_PROVISIONAL: patched,
  SNP_MITIGATIONS: patched,
  SNP_GUEST_SVN: { claim: 'executables', pass: 3, fail: 32 },
  SNP_FAMILY_ID: launched,
  SNP_IMAGE_ID: launched,
  SNP_MEASUREMENT: launched,
  SNP_REPORT_DATA: unsigned,
  SNP_HOST_DATA: setUp,
  SNP_ID_KEY: launched,
  SNP_AUTHOR_KEY: launched,
  SNP_CHIP_LISTED: { claim: 'instance-identity', pass: 2, fail: 97 },
  SNP_CSP: { claim: 'instance-identity', pass: 2, fail: 97 },
  SNP_PLATFORM: setUp,
}

export const PLACES: Readonly<Record<string, Place>> = { ...ATTEST, ...SNP }

/** A check that nobody gave a place affirms nothing, and where it does not pass, nothing is affirmed. */
export const NO_PLACE: Place = { claim: 'hardware', fail: 96, base: true }

export const placeOf = (code: string): Place => (Object.hasOwn(PLACES, code) ? PLACES[code]! : NO_PLACE)
