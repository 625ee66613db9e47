// Flags that several `thymus tpm` commands have.
import { readPlace } from '../../layers/hardware/tpm/place.ts'
import { given, many, needed, o, output } from '../flags.ts'
import { duration, text } from '../parameters.ts'
import { pin, secretSource } from './parameters.ts'

/** Of every command that talks to a TPM. */
export const tpm = {
  tpm: given(readPlace, 'PLACE', '/dev/tpmrm0 where it is left out; another device, unix:PATH or swtpm:HOST:PORT'),
  timeout: given(duration, 'TIME', 'the longest that an answer may take, 2m where it is left out'),
} as const
export const shown = { ...tpm, ...output } as const
export const aliases = o

/** Who may vouch for an endorsement key. */
export const authorities = {
  roots: many(text, 'FILE', 'authorities of TPM makers that are known, who vouch for the endorsement key by its certificate'),
  'lab-ca': many(text, 'FILE', 'an authority that is no maker’s, as an emulator’s: it is taken for being named'),
  crl: many(text, 'FILE', 'lists of what these have revoked: where there is one, every certificate needs one that is current'),
} as const

/** Of those that send the TPM a secret, or get one from it. */
export const trust = {
  pin: given(pin, 'KIND:NAME', 'the endorsement key that the TPM must have; where it is left out, those that thymus tpm ek --trust kept'),
  ...authorities,
} as const

export const auth = given(secretSource, 'file:PATH|env:NAME', 'the password of the key, the NV index or what is sealed')
export const ownerAuth = given(secretSource, 'file:PATH|env:NAME', 'the password of the owner, where there is one')
export const key = needed(text, 'FILE', 'the key file, as thymus tpm key create makes it')
export const to = given(text, 'FILE', 'write it there; a file that is there is not replaced')
export const secret = { ...trust, auth, 'owner-auth': ownerAuth } as const
