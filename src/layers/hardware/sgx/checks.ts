import type { CheckTable } from '../../../core/appraisal.ts'

/** What a local report is held to, beside what every report of an enclave is. */
export const SGX_CHECKS = {
  SGX_REPORT_MAC: { title: 'The processor made the report', clause: 'SDM 3D, EREPORT' },
} as const satisfies CheckTable
