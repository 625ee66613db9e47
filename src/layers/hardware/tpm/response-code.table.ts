// Response codes of TPM 2.0 (part 2, 6.6.3): what each means where a person meets it, and what can be done. Codes that say that a caller built a
// command wrongly have no cure.

export interface ResponseCodeEntry {
  /** Of TPM_RC_…. */
  readonly name: string
  readonly meaning: string
  readonly cure?: string
}

const RESTARTED = 'the TPM was restarted, or another program flushed it: run the command again'
const BUSY = 'the TPM is busy: try again in a moment'
const USE_RM =
  'another program holds what the TPM has room for: use /dev/tpmrm0, which every program has to itself, or see `thymus tpm handle list`'

/** Format one: the low six bits. The code also says which handle, session or parameter is meant. */
export const FORMAT_ONE: Readonly<Record<number, ResponseCodeEntry>> = {
  1: { name: 'ASYMMETRIC', meaning: 'the asymmetric algorithm is not supported', cure: 'see `thymus tpm info` for those that are' },
  2: {
    name: 'ATTRIBUTES',
    meaning: 'attributes do not go together, or the key may not be used so',
    cure: 'a restricted key signs only what the TPM made itself',
  },
  3: {
    name: 'HASH',
    meaning: 'the hash algorithm is not supported, or is not the key’s',
    cure: 'see `thymus tpm info` for those that are',
  },
  4: { name: 'VALUE', meaning: 'a value is out of range, or not what belongs there' },
  5: { name: 'HIERARCHY', meaning: 'the hierarchy is not enabled, or not the right one here' },
  7: { name: 'KEY_SIZE', meaning: 'the key size is not supported', cure: 'see `thymus tpm info` for those that are' },
  8: { name: 'MGF', meaning: 'the mask generation function is not supported' },
  9: { name: 'MODE', meaning: 'the mode of operation is not supported' },
  10: { name: 'TYPE', meaning: 'the type of the object is not one that fits here' },
  11: { name: 'HANDLE', meaning: 'there is nothing at this handle', cure: 'see `thymus tpm handle list`' },
  12: { name: 'KDF', meaning: 'the key derivation function is not supported' },
  13: { name: 'RANGE', meaning: 'a value is out of its range' },
  14: {
    name: 'AUTH_FAIL',
    meaning: 'the authorization is wrong; the TPM counts it towards the dictionary attack lockout',
    cure: 'check the password; `thymus tpm lockout show` says how many tries are left',
  },
  15: { name: 'NONCE', meaning: 'the nonce is not the one of this session', cure: RESTARTED },
  16: { name: 'PP', meaning: 'physical presence is asked for' },
  18: { name: 'SCHEME', meaning: 'the scheme is not supported, or not the key’s' },
  21: { name: 'SIZE', meaning: 'a structure has the wrong size' },
  22: { name: 'SYMMETRIC', meaning: 'the symmetric algorithm or key size is not supported, or not the key’s' },
  23: { name: 'TAG', meaning: 'a structure has the wrong tag' },
  24: { name: 'SELECTOR', meaning: 'a union has a selector that it cannot have' },
  26: { name: 'INSUFFICIENT', meaning: 'the command ended in the middle of a value' },
  27: { name: 'SIGNATURE', meaning: 'the signature is not valid', cure: 'it was made by another key, or of something else' },
  28: { name: 'KEY', meaning: 'the key is not one that can be used for this' },
  29: {
    name: 'POLICY_FAIL',
    meaning: 'the policy of the object is not satisfied',
    cure: 'the machine is not in the state that it was bound to (PCRs), or the wrong policy was given',
  },
  31: {
    name: 'INTEGRITY',
    meaning: 'the blob is damaged, or belongs to another TPM or parent',
    cure: 'was the TPM cleared, or the file made on another machine?',
  },
  32: { name: 'TICKET', meaning: 'the ticket is not valid', cure: 'tickets end with a restart of the TPM' },
  33: { name: 'RESERVED_BITS', meaning: 'reserved bits are set' },
  34: { name: 'BAD_AUTH', meaning: 'the authorization is wrong', cure: 'check the password' },
  35: { name: 'EXPIRED', meaning: 'the policy has expired' },
  36: { name: 'POLICY_CC', meaning: 'the policy is not for this command' },
  37: {
    name: 'BINDING',
    meaning: 'public and private part of the object do not belong together',
    cure: 'the key file was put together from two',
  },
  38: { name: 'CURVE', meaning: 'the curve is not supported', cure: 'see `thymus tpm info` for those that are' },
  39: { name: 'ECC_POINT', meaning: 'the point is not on the curve' },
  40: { name: 'FW_LIMITED', meaning: 'the hierarchy is limited to another firmware' },
  41: { name: 'SVN_LIMITED', meaning: 'the hierarchy is limited to another security version' },
}

/** Format zero, errors: the low seven bits. */
export const FORMAT_ZERO: Readonly<Record<number, ResponseCodeEntry>> = {
  0: {
    name: 'INITIALIZE',
    meaning: 'the TPM has not been started, or was started before',
    cure: 'a kernel starts it; an emulator wants TPM2_Startup, which is sent where --tpm names a socket',
  },
  1: {
    name: 'FAILURE',
    meaning: 'the TPM is in failure mode',
    cure: 'only a reset of the machine ends it, and then only if the self-test passes',
  },
  3: { name: 'SEQUENCE', meaning: 'a sequence is not used as it must be' },
  11: { name: 'PRIVATE', meaning: 'not a private structure' },
  25: { name: 'HMAC', meaning: 'not an HMAC structure' },
  32: { name: 'DISABLED', meaning: 'the command is disabled' },
  33: { name: 'EXCLUSIVE', meaning: 'another command came between' },
  36: { name: 'AUTH_TYPE', meaning: 'the object cannot be authorized in this way' },
  37: { name: 'AUTH_MISSING', meaning: 'the authorization is missing' },
  38: { name: 'POLICY', meaning: 'the policy is not valid' },
  39: { name: 'PCR', meaning: 'the PCR cannot be used so' },
  40: { name: 'PCR_CHANGED', meaning: 'a PCR changed since the policy looked at it', cure: 'run the command again' },
  45: { name: 'UPGRADE', meaning: 'the TPM waits for a firmware upgrade' },
  46: { name: 'TOO_MANY_CONTEXTS', meaning: 'too many contexts are saved', cure: USE_RM },
  47: { name: 'AUTH_UNAVAILABLE', meaning: 'the object takes neither password nor policy' },
  48: { name: 'REBOOT', meaning: 'the TPM wants a restart before it goes on', cure: 'reboot the machine' },
  49: { name: 'UNBALANCED', meaning: 'the hash and cipher of a key are not of one strength' },
  66: { name: 'COMMAND_SIZE', meaning: 'the size of the command is not what it says' },
  67: {
    name: 'COMMAND_CODE',
    meaning: 'the TPM does not have this command',
    cure: 'see `thymus tpm info` for its firmware; an update may bring it',
  },
  68: { name: 'AUTHSIZE', meaning: 'the authorization area has the wrong size' },
  69: { name: 'AUTH_CONTEXT', meaning: 'this command takes no authorization' },
  70: { name: 'NV_RANGE', meaning: 'the bytes are not within the NV index', cure: 'see its size: `thymus tpm nv list`' },
  71: { name: 'NV_SIZE', meaning: 'the NV index cannot have this size' },
  72: { name: 'NV_LOCKED', meaning: 'the NV index is locked', cure: 'some locks end with the next boot' },
  73: {
    name: 'NV_AUTHORIZATION',
    meaning: 'this authorization may not do that to the NV index',
    cure: 'its attributes say who may: `thymus tpm nv list`',
  },
  74: { name: 'NV_UNINITIALIZED', meaning: 'nothing was written to the NV index yet', cure: 'write it, or increment it, first' },
  75: { name: 'NV_SPACE', meaning: 'there is no room left in NV', cure: 'undefine what is not needed: `thymus tpm nv list`' },
  76: { name: 'NV_DEFINED', meaning: 'the NV index or persistent handle is taken', cure: 'take another, or undefine it first' },
  80: { name: 'BAD_CONTEXT', meaning: 'the saved context is not valid' },
  81: { name: 'CPHASH', meaning: 'the policy is for other parameters' },
  82: { name: 'PARENT', meaning: 'the handle is no parent' },
  83: { name: 'NEEDS_TEST', meaning: 'a self-test must come first', cure: BUSY },
  84: { name: 'NO_RESULT', meaning: 'the computation has no result' },
  85: { name: 'SENSITIVE', meaning: 'the sensitive part is not valid' },
}

/** Warnings: the low seven bits. The state of the TPM is unchanged. */
export const WARNING: Readonly<Record<number, ResponseCodeEntry>> = {
  1: { name: 'CONTEXT_GAP', meaning: 'saved contexts are too far apart', cure: USE_RM },
  2: { name: 'OBJECT_MEMORY', meaning: 'there is no room for another object', cure: USE_RM },
  3: { name: 'SESSION_MEMORY', meaning: 'there is no room for another session', cure: USE_RM },
  4: { name: 'MEMORY', meaning: 'there is no memory left', cure: USE_RM },
  5: { name: 'SESSION_HANDLES', meaning: 'there is no handle left for a session', cure: USE_RM },
  6: { name: 'OBJECT_HANDLES', meaning: 'there is no handle left for an object', cure: USE_RM },
  7: { name: 'LOCALITY', meaning: 'not from this locality', cure: 'these PCRs are for firmware or for a measured launch alone' },
  8: { name: 'YIELDED', meaning: 'the TPM was interrupted', cure: BUSY },
  9: { name: 'CANCELED', meaning: 'the command was cancelled', cure: 'run the command again' },
  10: { name: 'TESTING', meaning: 'the TPM tests itself', cure: BUSY },
  ...numbered(0x10, 'REFERENCE_H', 'there is nothing any more at the handle of place'),
  ...numbered(0x18, 'REFERENCE_S', 'the TPM does not know the session of place'),
  32: { name: 'NV_RATE', meaning: 'NV is written too often', cure: BUSY },
  33: {
    name: 'LOCKOUT',
    meaning: 'authorizations are refused for a while: too many were wrong',
    cure: '`thymus tpm lockout show` says for how long, `thymus tpm lockout reset` ends it',
  },
  34: { name: 'RETRY', meaning: 'the TPM was not able to begin', cure: BUSY },
  35: { name: 'NV_UNAVAILABLE', meaning: 'NV cannot be written now', cure: BUSY },
}

function numbered(first: number, name: string, meaning: string): Record<number, ResponseCodeEntry> {
  return Object.fromEntries(
    Array.from({ length: 7 }, (_, at) => [first + at, { name: `${name}${at}`, meaning: `${meaning} ${at + 1}`, cure: RESTARTED }]),
  )
}
