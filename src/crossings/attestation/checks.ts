import type { CheckTable } from '../../core/appraisal.ts'

/** What any evidence is held to, before its own technology has a word. */
export const ATTEST_CHECKS = {
  ATTEST_TYPE: { title: 'There is a verifier for evidence of this type', clause: 'RFC 9334 §8.1' },
  ATTEST_PRESENTED: { title: 'What the reference names was presented', clause: 'RFC 9334 §8.1' },
  ATTEST_PARTS: { title: 'All parts of the evidence are there', clause: 'RFC 9334 §8.1' },
  ATTEST_FORMAT: { title: 'The bytes follow their format', clause: 'RFC 9334 §12.3' },
  ATTEST_QUOTED: {
    title: 'A genuine quote holds the values that the log leads to',
    clause: 'TCG PC Client Platform Firmware Profile 1.06, 10',
  },
  ATTEST_NODE: { title: 'The key that signed it was enrolled for the node that it is about', clause: 'AR4SI §2.3.4.1' },
  ATTEST_NODE_ALONE: { title: 'No other node was enrolled by the same key or the same TPM', clause: 'AR4SI §2.3.4.1' },
  ATTEST_POLICY: { title: 'The appraisal policy gave an answer', clause: 'RFC 9334 §8.5' },
} as const satisfies CheckTable
