import type { CheckTable } from '../../../core/appraisal.ts'

const SIGNING = 'Linux, Documentation/admin-guide/module-signing.rst'

/** What a kernel module is held to. */
export const MODULE_CHECKS = {
  MODULE_SIGNATURE: { title: 'The module was signed by a key that is trusted', clause: SIGNING },
  MODULE_ACCEPTED: {
    title: 'This node takes no module that nobody whom it trusts has signed',
    clause: 'Linux, kernel/module/signing.c, module_sig_check',
  },
} as const satisfies CheckTable
