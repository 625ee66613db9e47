import type { CheckTable } from '../../../core/appraisal.ts'

const PCS = 'Intel PCS v4'
const QVL = 'SGX-TDX-DCAP QVL'

/** What a quote of SGX or TDX is held to: first whether it is genuine, then whether it is what is asked for. */
export const DCAP_CHECKS = {
  DCAP_QUOTE_SIGNATURE: { title: 'The attestation key signs the header and the report', clause: 'SGX ECDSA QuoteLib A.4' },
  DCAP_KEY_BINDING: { title: 'The quoting enclave reports the attestation key as its own', clause: 'SGX ECDSA QuoteLib A.4' },
  DCAP_QE_SIGNATURE: { title: 'The key of the platform signs the report of the quoting enclave', clause: 'SGX ECDSA QuoteLib A.4' },
  DCAP_QE_VENDOR: { title: 'The quoting enclave is one of Intel', clause: 'SGX ECDSA QuoteLib A.3' },
  DCAP_PCK_CHAIN: { title: 'The certificate of the platform leads to the root that is pinned', clause: 'PCK Profile 1.5 §1.2' },
  DCAP_PCK_VALIDITY: { title: 'The certificates of the platform are valid at the time', clause: 'RFC 5280 §6.1.3 (a)(2)' },
  DCAP_PCK_IDENTITY: { title: 'The certificate is of the platform that the quote names', clause: 'SGX ECDSA QuoteLib A.4' },
  DCAP_PCK_REVOCATION: { title: 'No certificate of the platform is revoked', clause: 'RFC 5280 §6.3' },
  DCAP_COLLATERAL_SIGNATURE: { title: 'TCB info, QE identity and revocation lists are signed below the pinned root', clause: PCS },
  DCAP_COLLATERAL_VALIDITY: { title: 'The collateral speaks of the time', clause: PCS },
  DCAP_COLLATERAL_AGE: { title: 'The collateral is no older than is allowed', clause: 'policy' },
  DCAP_COLLATERAL_MATCH: { title: 'The collateral is of this kind of platform', clause: PCS },
  DCAP_QE_IDENTITY: { title: 'The quoting enclave is the one that Intel identifies', clause: `${PCS}, QE identity` },
  DCAP_TDX_MODULE: { title: 'The TDX module is the one that Intel identifies', clause: `${PCS}, TDX TCB info` },
  DCAP_TCB_LEVEL: { title: 'A TCB level is published for the platform', clause: `${QVL} 4.1.2.5` },
  DCAP_TCB_STATUS: { title: 'The status of the TCB is allowed', clause: 'policy' },
  DCAP_EVALUATION_NUMBER: { title: 'The TCB was evaluated recently enough', clause: `${PCS}, tcbEvaluationDataNumber` },
  DCAP_DEBUG: { title: 'Nobody can look inside: debugging and profiling are off', clause: 'TDX ABI, ATTRIBUTES; SDM 3D, SECS.ATTRIBUTES' },
  DCAP_ATTRIBUTES: { title: 'Attributes are those that are known and asked for', clause: 'TDX ABI, ATTRIBUTES and XFAM; SDM 3D' },
  DCAP_SEPT_VE_DISABLE: { title: 'The host cannot inject exceptions by unmapping memory', clause: 'TDX ABI, ATTRIBUTES.SEPT_VE_DISABLE' },
  DCAP_SERVICE_TD: { title: 'No service TD is bound, or the one that is expected', clause: 'TDX ABI, SERVTD_HASH' },
  DCAP_MEASUREMENT: { title: 'Measurements are the expected ones', clause: 'policy' },
  DCAP_REPORT_DATA: { title: 'The report carries what was asked for', clause: 'policy' },
  DCAP_LOCATION: { title: 'The platform is one of those that are listed', clause: 'policy' },
} as const satisfies CheckTable
