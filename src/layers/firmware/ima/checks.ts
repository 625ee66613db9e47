import type { CheckTable } from '../../../core/appraisal.ts'

const TEMPLATES = 'Linux, Documentation/security/IMA-templates.rst'
const POLICY = 'Thymus policy'

/** What a measurement list is held to. */
export const IMA_CHECKS = {
  IMA_LIST: { title: 'Every entry of the measurement list can be read', clause: TEMPLATES },
  IMA_TEMPLATE_HASH: { title: 'Every template hash is that of its entry', clause: TEMPLATES },
  IMA_PCR: { title: 'The list leads to the quoted value of its PCR', clause: 'TPM 2.0 part 1, 17.2; Linux, ima_queue.c' },
  IMA_CONTINUES: { title: 'The list goes on where the last attested one ended', clause: POLICY },
  IMA_BOOT_AGGREGATE: {
    title: 'The list begins with the hash of the boot that was measured',
    clause: 'Linux, ima_crypto.c, ima_calc_boot_aggregate',
  },
  IMA_BUFFER: { title: 'A measured buffer hashes to its digest', clause: TEMPLATES },
  IMA_VIOLATION: { title: 'No file was written while it was measured', clause: 'Linux, ima_main.c, ima_rdwr_violation_check' },
  IMA_FILE: { title: 'Every measured file is one that the policy knows', clause: POLICY },
  IMA_CHANGED: { title: 'No file that the policy knows has another digest', clause: POLICY },
  IMA_SIGNATURE: { title: 'Signatures of files are good', clause: 'Linux, digsig_asymmetric.c, struct signature_v2_hdr' },
  IMA_KEYRING: { title: 'Keys that were loaded are ones that the policy knows', clause: 'Linux, ima_asymmetric_keys.c' },
} as const satisfies CheckTable
