// What each check says of the eight claims of AR4SI: the claim, and its value where the check passes and where it fails.
import type { CheckTable } from '../../core/appraisal.ts'
import type { TrustClaim } from '../../formats/ear/trust.ts'
import type { BOOT_CHECKS } from '../../layers/firmware/boot/checks.ts'
import type { IMA_CHECKS } from '../../layers/firmware/ima/checks.ts'
import type { RUN_CHECKS } from '../../layers/firmware/measured-run/verify.ts'
import type { REFERENCE_CHECKS } from '../../layers/firmware/reference/checks.ts'
import type { LOG_CHECKS } from '../../layers/firmware/tcg-log/registers.ts'
import type { AZURE_CHECKS } from '../../layers/hardware/azure/hcl-report.ts'
import type { DCAP_CHECKS } from '../../layers/hardware/dcap/checks.ts'
import type { SGX_CHECKS } from '../../layers/hardware/sgx/checks.ts'
import type { SNP_CHECKS } from '../../layers/hardware/snp/checks.ts'
import type { TPM_CHECKS } from '../../layers/hardware/tpm/checks.ts'
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
  ATTEST_PRESENTED: unexpected,
  ATTEST_PARTS: unexpected,
  ATTEST_FORMAT: unexpected,
  ATTEST_QUOTED: signed,
  // Genuine, and of another machine than it is said to be about.
  ATTEST_NODE: { claim: 'instance-identity', pass: 2, fail: 97, base: true },
  ATTEST_NODE_ALONE: { claim: 'instance-identity', pass: 2, fail: 97, base: true },
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

/** What was started, in the boot alone. */
const booted: Place = { claim: 'executables', pass: 3, fail: 33 }

const TPM: Places<typeof TPM_CHECKS> = {
  TPM_GENERATED: unsigned,
  TPM_TYPE: unsigned,
  TPM_SIGNATURE: signed,
  TPM_SCHEME: unsigned,
  TPM_NONCE: unsigned,
  TPM_PCR_SELECTION: unsigned,
  TPM_PCR_DIGEST: unsigned,
  TPM_KEY_ATTRIBUTES: unsigned,
  // Without it the key may be anybody's, made in no TPM at all: its public area is what the attester says of it.
  TPM_KEY_NAME: { claim: 'instance-identity', pass: 2, fail: 97, base: true },
  TPM_RESET_COUNT: unsigned,
  TPM_RESTART_COUNT: unsigned,
  TPM_CLOCK: unsigned,
  TPM_FIRMWARE_VERSION: { claim: 'hardware', fail: 32 },
  TPM_CREDENTIAL: { claim: 'instance-identity', pass: 2, fail: 99, base: true },
  TPM_AK_CHAIN: signed,
  TPM_AK_KEY: unsigned,
  TPM_PLATFORM_CHAIN: signed,
  TPM_PLATFORM_HOLDER: { claim: 'instance-identity', pass: 2, fail: 97 },
  TPM_EK_CHAIN: signed,
  TPM_EK_ROOT: signed,
  TPM_EK_USAGE: unsigned,
  TPM_EK_NAMES: { claim: 'hardware', fail: 97 },
  TPM_EK_KEY: unsigned,
  TPM_EK_ATTRIBUTES: unsigned,
  TPM_EK_TEMPLATE: unsigned,
  TPM_EK_REVOKED: { claim: 'hardware', fail: 96, base: true },
  TPM_EK_ENCODING: { claim: 'hardware', fail: 97 },
  TPM_POLICY_HASH: unsigned,
  TPM_POLICY_PCRS: unsigned,
  TPM_POLICY_VALUES: booted,
  TPM_POLICY_FIRMWARE: { claim: 'hardware', fail: 32 },
  TPM_POLICY_CLOCK: { claim: 'hardware', fail: 32 },
}

const LOG: Places<typeof LOG_CHECKS> = {
  TCG_LOG: unsigned,
  TCG_BANK: unsigned,
  TCG_REPLAY: { ...signed, claim: 'executables', pass: 3 },
  TCG_QUOTED: booted,
  TCG_UNLOGGED: booted,
}
const BOOT: Places<typeof BOOT_CHECKS> = {
  TCG_EVENT_DATA: { claim: 'executables', pass: 3, fail: 96 },
  TCG_SEPARATORS: { claim: 'executables', pass: 3, fail: 96 },
  TCG_SECURE_BOOT: setUp,
  TCG_SETUP_MODE: setUp,
  TCG_KEY_ORDER: { claim: 'configuration', pass: 2, fail: 96 },
  TCG_AUTHORITY: { claim: 'executables', pass: 3, fail: 96 },
  TCG_SBAT_LEVEL: { claim: 'executables', pass: 3, fail: 32 },
  TCG_DEBUG_MODE: setUp,
  TCG_DMA_PROTECTION: { claim: 'configuration', pass: 2, fail: 32 },
  TCG_EXIT_BOOT_SERVICES: booted,
}

const REFERENCE: Places<typeof REFERENCE_CHECKS> = {
  TCG_PLATFORM: booted,
  TCG_REFERENCE: { claim: 'executables', pass: 3, fail: 96 },
}
/** What was executed since. */
const ran = (fail: number): Place => ({ claim: 'executables', pass: 2, fail })
const IMA: Places<typeof IMA_CHECKS> = {
  IMA_LIST: unexpected,
  IMA_TEMPLATE_HASH: unsigned,
  IMA_PCR: { claim: 'executables', pass: 2, fail: 99, base: true },
  IMA_CONTINUES: unsigned,
  IMA_BOOT_AGGREGATE: unsigned,
  IMA_BUFFER: ran(96),
  IMA_VIOLATION: { claim: 'file-system', pass: 2, fail: 32 },
  IMA_FILE: ran(33),
  IMA_CHANGED: { claim: 'file-system', pass: 2, fail: 96 },
  IMA_SIGNATURE: ran(96),
  IMA_KEYRING: { claim: 'configuration', pass: 2, fail: 96 },
}

const RUNS: Places<typeof RUN_CHECKS> = {
  RUN_REPLAY: { claim: 'executables', pass: 2, fail: 99, base: true },
  RUN_PROGRAM: ran(33),
}

const DCAP: Places<typeof DCAP_CHECKS> = {
  DCAP_QUOTE_SIGNATURE: signed,
  DCAP_KEY_BINDING: unsigned,
  DCAP_QE_SIGNATURE: unsigned,
  DCAP_QE_VENDOR: unsigned,
  DCAP_PCK_CHAIN: unsigned,
  DCAP_PCK_VALIDITY: unsigned,
  DCAP_PCK_IDENTITY: unsigned,
  DCAP_PCK_REVOCATION: { claim: 'hardware', fail: 96, base: true },
  DCAP_COLLATERAL_SIGNATURE: unsigned,
  DCAP_COLLATERAL_VALIDITY: unsigned,
  DCAP_COLLATERAL_AGE: patched,
  DCAP_COLLATERAL_MATCH: unsigned,
  DCAP_QE_IDENTITY: { claim: 'hardware', fail: 96, base: true },
  DCAP_TDX_MODULE: { claim: 'hardware', fail: 96, base: true },
  DCAP_TCB_LEVEL: patched,
  DCAP_TCB_STATUS: patched,
  DCAP_EVALUATION_NUMBER: patched,
  DCAP_DEBUG: { claim: 'runtime-opaque', pass: 2, fail: 96 },
  DCAP_ATTRIBUTES: setUp,
  DCAP_SEPT_VE_DISABLE: setUp,
  DCAP_SERVICE_TD: setUp,
  DCAP_MEASUREMENT: launched,
  DCAP_REPORT_DATA: unsigned,
  DCAP_LOCATION: { claim: 'instance-identity', pass: 2, fail: 97 },
}

const SGX: Places<typeof SGX_CHECKS> = { SGX_REPORT_MAC: signed }

const AZURE: Places<typeof AZURE_CHECKS> = {
  AZURE_HARDWARE: unsigned,
  AZURE_PARAVISOR: unsigned,
  AZURE_RUNTIME_DATA: unsigned,
  AZURE_AK: unsigned,
}

export const PLACES: Readonly<Record<string, Place>> = {
  ...ATTEST,
  ...SNP,
  ...TPM,
  ...LOG,
  ...BOOT,
  ...REFERENCE,
  ...IMA,
  ...RUNS,
  ...DCAP,
  ...SGX,
  ...AZURE,
}

/** A check that nobody gave a place affirms nothing, and where it does not pass, nothing is affirmed. */
export const NO_PLACE: Place = { claim: 'hardware', fail: 96, base: true }

export const placeOf = (code: string): Place => (Object.hasOwn(PLACES, code) ? PLACES[code]! : NO_PLACE)
