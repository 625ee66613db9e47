// How entries of PK, KEK, db and dbx, and the certificates in them, are called and found.
import { hash } from 'node:crypto'
import { ThymusError } from '../../../core/errors.ts'
import { GUID } from '../../../formats/efi/guid.ts'
import { type EfiSignature, hashEntry } from '../../../formats/efi/signature-list.ts'
import { type Certificate, readCertificate } from '../../../formats/x509/certificate.ts'
import { MICROSOFT_ROOTS } from './roots.table.ts'

const COMMON_NAME = '2.5.4.3'

/** The certificate, or undefined where it is none that can be read: vendors enroll some that break the rules. */
export function tryCertificate(der: Buffer): Certificate | undefined {
  try {
    return readCertificate(der)
  } catch (error) {
    if (error instanceof ThymusError) return undefined
    throw error
  }
}

/**
 * Tells of certificates whether a list, as dbx, holds their hash. One with a time of revocation counts whenever the certificate signed: nothing can
 * prove that it was before.
 */
export function hashListed(list: readonly EfiSignature[]): (certificate: Certificate) => boolean {
  const entries = list.map(hashEntry).filter((entry) => entry?.of === 'certificate')
  const values = new Set(entries.map((entry) => `${entry!.hash}:${entry!.value.toString('hex')}`))
  const hashes = new Set(entries.map((entry) => entry!.hash))
  return ({ rawBody }) => [...hashes].some((name) => values.has(`${name}:${hash(name, rawBody)}`))
}

/** What a certificate calls itself; a name of Microsoft's that is not Microsoft's certificate is told apart by its fingerprint. */
export function certificateName(der: Buffer): string {
  const fingerprint = hash('sha256', der, 'hex')
  const root = MICROSOFT_ROOTS.get(fingerprint)
  if (root !== undefined) return root
  const certificate = tryCertificate(der)
  const name = certificate?.subject.findLast(({ type }) => type === COMMON_NAME)?.value ?? certificate?.subject.at(-1)?.value
  const short = `sha256:${fingerprint.slice(0, 16)}`
  if (typeof name !== 'string') return `the certificate ${short}`
  return /microsoft|windows/i.test(name) ? `${name} (${short}, not a root of Microsoft that is known)` : name
}

/** One entry: the name of a certificate, or what a hash is of. */
export function signatureName(signature: EfiSignature): string {
  if (signature.type === GUID.certX509) return certificateName(signature.data)
  const entry = hashEntry(signature)
  return entry === undefined ? `an entry of type ${signature.type}` : `the ${entry.of} ${entry.hash}:${entry.value.toString('hex')}`
}
