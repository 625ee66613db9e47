import type { CheckTable } from '../../core/appraisal.ts'

/** What any evidence is held to, before its own technology has a word. */
export const ATTEST_CHECKS = {
  ATTEST_TYPE: { title: 'There is a verifier for evidence of this type', clause: 'RFC 9334 §8.1' },
  ATTEST_PRESENTED: { title: 'What the reference names was presented', clause: 'RFC 9334 §8.1' },
  ATTEST_PARTS: { title: 'All parts of the evidence are there', clause: 'RFC 9334 §8.1' },
  ATTEST_FORMAT: { title: 'The bytes follow their format', clause: 'RFC 9334 §12.3' },
  ATTEST_CHALLENGE: { title: 'The evidence answers the challenge', clause: 'RFC 9334 §10.2' },
  ATTEST_QUOTED: {
    title: 'A genuine quote holds the values that the log leads to',
    clause: 'TCG PC Client Platform Firmware Profile 1.06, 10',
  },
  ATTEST_INSTANCE: { title: 'Whoever signed it is known', clause: 'RFC 9334 §7.4; AR4SI §2.3.4.1' },
  ATTEST_POLICY: { title: 'The appraisal policy gave an answer', clause: 'RFC 9334 §8.5' },
} as const satisfies CheckTable
