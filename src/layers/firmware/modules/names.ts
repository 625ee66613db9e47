import { ThymusError } from '../../../core/errors.ts'
import type { Signer } from '../../../formats/cms/signed-data.ts'
import { DerReader } from '../../../formats/der/reader.ts'
import { type Attribute, readName } from '../../../formats/x509/name.ts'

const COMMON_NAME = '2.5.4.3'

/** What people call it: its common name, or all that there is. */
export function nameOf(name: readonly Attribute[]): string {
  const common = name.find(({ type }) => type === COMMON_NAME)?.value
  return common?.toString() ?? (name.map(({ value }) => value.toString()).join(', ') || 'nobody')
}

/** Whom a signature names as its signer. */
export function signerName({ by }: Signer): string {
  if ('keyId' in by) return `the key ${by.keyId.toString('hex')}`
  return `number ${by.serial.toString(16)} of ${issuerName(by.rawIssuer)}`
}

function issuerName(raw: Buffer): string {
  try {
    return nameOf(readName(new DerReader(raw)))
  } catch (error) {
    if (error instanceof ThymusError) return 'an issuer whose name cannot be read'
    throw error
  }
}
