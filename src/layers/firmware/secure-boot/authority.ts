// What verified an image, as EV_EFI_VARIABLE_AUTHORITY holds it: an entry of db, or one of shim's lists or settings.
import { GUID } from '../../../formats/efi/guid.ts'
import { certificateName, signatureName } from './signature-name.ts'

export interface Authority {
  /** Of the list in which it was found: `db`, or one of shim's. */
  readonly variable: string
  /** How it is called. */
  readonly name: string
  /** A certificate, a hash or a setting: what the event holds, without the owner's GUID. */
  readonly data: Buffer
  /** A certificate or a hash of an image vouches for what is started; a setting of shim's does not. */
  readonly vouches: boolean
}

const OWNER = 16
const SHA256 = 32

/** Reads the content of such a variable: EFI_SIGNATURE_DATA, whose owner comes first. Old releases of shim give a certificate without one. */
export function readAuthority({ name, data }: { readonly name: string; readonly data: Buffer }): Authority {
  const owned = data.subarray(OWNER)
  if (isDer(data)) return { variable: name, name: certificateName(data), data, vouches: true }
  if (isDer(owned)) return { variable: name, name: certificateName(owned), data: owned, vouches: true }
  const isHash = name === 'db' && owned.length === SHA256
  if (isHash)
    return {
      variable: name,
      name: signatureName({ type: GUID.certSha256, owner: data.subarray(0, OWNER), data: owned }),
      data: owned,
      vouches: true,
    }
  return { variable: name, name: name === 'SbatLevel' ? data.toString('latin1').trim() : name, data, vouches: false }
}

/** Whether it begins as every certificate does: with a sequence of more than 255 bytes. */
const isDer = (data: Buffer) => data[0] === 0x30 && data[1] === 0x82
