// What evidence of a TPM is held to. "Part N" is TPM 2.0 Library, part N; "EK profile" the TCG EK Credential Profile 2.5,
// "Platform profile" the TCG Platform Certificate Profile 1.1.
import type { CheckTable } from '../../../core/appraisal.ts'

export const TPM_CHECKS = {
  TPM_GENERATED: { title: 'a TPM made the statement: it begins with TPM_GENERATED_VALUE', clause: 'Part 2, 10.12.8' },
  TPM_TYPE: { title: 'the statement is of the type that was asked for', clause: 'Part 2, 6.9' },
  TPM_SIGNATURE: { title: 'the key has signed the statement', clause: 'Part 3, 18.4' },
  TPM_SCHEME: { title: 'scheme and hash of the signature are known, and are those of the key', clause: 'Part 2, 12.2.3.6' },
  TPM_NONCE: { title: 'the statement answers this challenge', clause: 'Part 3, 18.4: qualifyingData' },
  TPM_PCR_SELECTION: { title: 'the PCRs that were asked for are quoted', clause: 'Part 3, 18.4: PCRselect' },
  TPM_PCR_DIGEST: { title: 'the PCR values are those that are quoted', clause: 'Part 1, 17.4.4' },
  TPM_KEY_ATTRIBUTES: {
    title: 'the key was made in this TPM, never leaves it, and signs only what the TPM itself says',
    clause: 'Part 1, 25.1.4: fixedTPM, sensitiveDataOrigin, restricted, sign',
  },
  TPM_KEY_NAME: { title: 'the key is the one of this name', clause: 'Part 1, 16' },
  TPM_RESET_COUNT: { title: 'the count of boots has not gone back', clause: 'Part 1, 36.4' },
  TPM_RESTART_COUNT: { title: 'the count of resumes since the boot has not gone back', clause: 'Part 1, 36.5' },
  TPM_CLOCK: { title: 'the clock has not gone back', clause: 'Part 1, 36.3' },
  TPM_FIRMWARE_VERSION: { title: 'the firmware of the TPM has not gone back', clause: 'Part 2, 10.12.8: firmwareVersion' },
  TPM_CREDENTIAL: { title: 'the TPM of the endorsement key has the attestation key: it has opened the credential', clause: 'Part 1, 24' },
  TPM_EK_CHAIN: { title: 'the certificate of the endorsement key leads to a root that is trusted, at the time', clause: 'RFC 5280, 6' },
  TPM_EK_ROOT: { title: 'the root is that of a maker of TPMs', clause: 'TCG Vendor ID Registry' },
  TPM_EK_USAGE: {
    title: 'the certificate is that of an endorsement key',
    clause: 'EK profile, 3.2: extended key usage 2.23.133.8.1, key usage, cA',
  },
  TPM_EK_NAMES: {
    title: 'the certificate names the maker, the model and the version of the TPM',
    clause: 'EK profile, 3.2.9: 2.23.133.2.1 to 3',
  },
  TPM_EK_KEY: { title: 'the certificate is for the endorsement key that the TPM shows', clause: 'EK profile, 3.2: subject public key' },
  TPM_EK_ATTRIBUTES: {
    title: 'the endorsement key was made in this TPM, never leaves it, and only decrypts',
    clause: 'EK profile, annex B: fixedTPM, fixedParent, sensitiveDataOrigin, restricted, decrypt',
  },
  TPM_EK_TEMPLATE: {
    title: 'the endorsement key was made after a template of the profile',
    clause: 'EK profile, annex B: default EK templates',
  },
  TPM_EK_REVOKED: { title: 'no certificate between the endorsement key and its root is revoked', clause: 'RFC 5280, 6.3' },
  TPM_EK_ENCODING: { title: 'departures from DER are only those that makers are known for', clause: 'X.690, 10 and 11' },
  TPM_AK_CHAIN: { title: 'the certificate of the attestation key leads to a root that is trusted, at the time', clause: 'RFC 5280, 6' },
  TPM_AK_KEY: { title: 'the certificate is for the attestation key that has signed', clause: 'RFC 5280, 4.1.2.7' },
  TPM_PLATFORM_CHAIN: {
    title: 'the platform certificate is signed by who is trusted, at the time',
    clause: 'Platform profile, 3.1; RFC 5755, 5',
  },
  TPM_PLATFORM_HOLDER: { title: 'the platform certificate is about this TPM', clause: 'Platform profile, 3.1.5: holder' },
  TPM_POLICY_HASH: { title: 'signature and PCRs are of hashes that are allowed', clause: 'SP 800-131A: SHA-1' },
  TPM_POLICY_PCRS: { title: 'the PCRs that are required are quoted', clause: 'Part 3, 18.4: PCRselect' },
  TPM_POLICY_VALUES: { title: 'the quoted PCRs have values that are expected', clause: 'Part 1, 17' },
  TPM_POLICY_FIRMWARE: { title: 'the firmware of the TPM is not older than required', clause: 'Part 2, 10.12.8: firmwareVersion' },
  TPM_POLICY_CLOCK: { title: 'the clock of the TPM was saved in time', clause: 'Part 1, 36.3.3: safe' },
} as const satisfies CheckTable
