// What every code that Thymus prints means. docs/codes.md is made of the same tables; a code needs no agent.
import type { CheckTable } from '../core/appraisal.ts'
import { CODES } from '../core/errors.ts'
import { FINDING_CODES } from '../core/finding.ts'
import { ATTEST_CHECKS } from '../crossings/attestation/checks.ts'
import { BOOT_CHECKS } from '../layers/firmware/boot/checks.ts'
import { IMA_CHECKS } from '../layers/firmware/ima/checks.ts'
import { RUN_CHECKS } from '../layers/firmware/measured-run/verify.ts'
import { REFERENCE_CHECKS } from '../layers/firmware/reference/checks.ts'
import { IMAGE_CHECKS } from '../layers/firmware/secure-boot/image.ts'
import { LOG_CHECKS } from '../layers/firmware/tcg-log/registers.ts'
import { AZURE_CHECKS } from '../layers/hardware/azure/hcl-report.ts'
import { DCAP_CHECKS } from '../layers/hardware/dcap/checks.ts'
import { SGX_CHECKS } from '../layers/hardware/sgx/checks.ts'
import { SNP_CHECKS } from '../layers/hardware/snp/checks.ts'
import { TPM_CHECKS } from '../layers/hardware/tpm/checks.ts'

/** Checks of the layers that appraise evidence. */
export const CHECKS: CheckTable = {
  ...ATTEST_CHECKS,
  ...AZURE_CHECKS,
  ...BOOT_CHECKS,
  ...DCAP_CHECKS,
  ...IMAGE_CHECKS,
  ...IMA_CHECKS,
  ...LOG_CHECKS,
  ...REFERENCE_CHECKS,
  ...RUN_CHECKS,
  ...SGX_CHECKS,
  ...SNP_CHECKS,
  ...TPM_CHECKS,
}

const MEANINGS: ReadonlyMap<string, string> = new Map([
  ...Object.entries(CODES),
  ...Object.entries(FINDING_CODES).map(([code, { text }]) => [code, text] as const),
  ...Object.entries(CHECKS).map(([code, { title, clause }]) => [code, `A check: ${title} (${clause}).`] as const),
])

/** Undefined for what is no code. */
export function meaningOf(code: string): string | undefined {
  return MEANINGS.get(code)
}
