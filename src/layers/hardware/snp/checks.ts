// What is looked at in an SEV-SNP report, in its endorsement, and where a policy asks for it.
// ABI: AMD 56860 1.58; KDS: AMD 57230, the specification of endorsement certificates and how they are distributed.
import type { CheckTable } from '../../../core/appraisal.ts'

export const SNP_CHECKS = {
  SNP_CHAIN: { title: 'The endorsement certificate leads to a root key of AMD', clause: 'KDS: VCEK → ASK → ARK, VLEK → ASVK → ARK' },
  SNP_LINE: { title: 'The endorsement certificate is for processors of the root’s line', clause: 'KDS: productName' },
  SNP_CERT_TIME: { title: 'Every certificate of the chain is valid at the time', clause: 'RFC 5280 §4.1.2.5' },
  SNP_REVOKED: { title: 'No certificate of the chain is revoked', clause: 'KDS: CRL, signed by the ARK; RFC 5280 §6.3' },
  SNP_SIGNING_KEY: {
    title: 'The report says that it is signed by a key of the certificate’s kind',
    clause: 'ABI table 23: SIGNING_KEY, MASK_CHIP_KEY',
  },
  SNP_SIGNATURE: { title: 'The report is signed by the endorsed key', clause: 'ABI table 23: SIGNATURE; chapter 10' },
  SNP_TCB: { title: 'The key was derived for the reported TCB', clause: 'ABI table 23: REPORTED_TCB; KDS: *SPL' },
  SNP_CHIP_ID: { title: 'The report is of the chip that the certificate names', clause: 'ABI table 23: CHIP_ID; KDS: hwID' },
  SNP_PRODUCT: { title: 'The processor is of the line that the certificate names', clause: 'ABI table 23: CPUID_FAM_ID, CPUID_MOD_ID' },
  SNP_POLICY_DEBUG: { title: 'The host may not read the guest’s memory', clause: 'ABI table 10: DEBUG' },
  SNP_POLICY_MIGRATE_MA: { title: 'No migration agent may take the guest elsewhere', clause: 'ABI table 10: MIGRATE_MA' },
  SNP_POLICY_SMT: { title: 'The guest runs only where there is one thread a core', clause: 'ABI table 10: SMT' },
  SNP_POLICY_SINGLE_SOCKET: { title: 'The guest runs on one socket alone', clause: 'ABI table 10: SINGLE_SOCKET' },
  SNP_POLICY_ABI: { title: 'The guest asks for firmware that is new enough', clause: 'ABI table 10: ABI_MAJOR, ABI_MINOR' },
  SNP_POLICY_KNOWN: { title: 'The guest’s policy has no bits that are not known', clause: 'ABI table 10' },
  SNP_VMPL: { title: 'Who asked for the report has the privilege level', clause: 'ABI table 23: VMPL' },
  SNP_TCB_MINIMUM: { title: 'The platform’s firmware is patched well enough', clause: 'ABI table 23: *_TCB' },
  SNP_FIRMWARE: { title: 'The SEV firmware is new enough', clause: 'ABI table 23: CURRENT_*, COMMITTED_*' },
  SNP_PROVISIONAL: { title: 'The firmware in use can no longer be taken back', clause: 'ABI table 23: CURRENT_*, COMMITTED_*' },
  SNP_MITIGATIONS: {
    title: 'The mitigations that are asked for are in force',
    clause: 'ABI table 23: LAUNCH_MIT_VECTOR, CURRENT_MIT_VECTOR',
  },
  SNP_GUEST_SVN: { title: 'The guest’s security version is high enough', clause: 'ABI table 23: GUEST_SVN' },
  SNP_FAMILY_ID: { title: 'The guest is of the family', clause: 'ABI table 23: FAMILY_ID' },
  SNP_IMAGE_ID: { title: 'The guest is of the image', clause: 'ABI table 23: IMAGE_ID' },
  SNP_MEASUREMENT: { title: 'What was launched is on the list', clause: 'ABI table 23: MEASUREMENT' },
  SNP_REPORT_DATA: { title: 'The guest answers this question, and with this key', clause: 'ABI table 23: REPORT_DATA' },
  SNP_HOST_DATA: { title: 'The host gave the data', clause: 'ABI table 23: HOST_DATA' },
  SNP_ID_KEY: { title: 'The launch was signed by a key on the list', clause: 'ABI table 23: ID_KEY_DIGEST' },
  SNP_AUTHOR_KEY: { title: 'The signer of the launch was signed by a key on the list', clause: 'ABI table 23: AUTHOR_KEY_DIGEST' },
  SNP_CHIP_LISTED: { title: 'The chip is on the list', clause: 'ABI table 23: CHIP_ID' },
  SNP_CSP: { title: 'The cloud provider that holds the key is on the list', clause: 'KDS: csp_id' },
  SNP_PLATFORM: { title: 'The platform is set up as asked for', clause: 'ABI table 24: PLATFORM_INFO' },
} as const satisfies CheckTable

export type SnpCheckCode = keyof typeof SNP_CHECKS
