// Certificates of the keys that sign reports: VCEK, of one chip at one TCB, and VLEK, which AMD lends to a cloud provider.
// Specification: AMD 57230 (VCEK certificate and KDS interface), the X.509 extensions below 1.3.6.1.4.1.3704.1.
import { ThymusError } from '../../../core/errors.ts'
import { DerReader } from '../../../formats/der/reader.ts'
import { TAG } from '../../../formats/der/tags.ts'
import type { Certificate } from '../../../formats/x509/certificate.ts'
import { commonName } from '../../../formats/x509/name.ts'
import { lineOfName, type ProductLine } from './product.ts'

/** What a certificate says of the key that it endorses. Whether AMD says so is not asked here. */
export interface Vek {
  readonly certificate: Certificate
  readonly kind: 'VCEK' | 'VLEK'
  /** As it is written, as `Milan-B0`. */
  readonly product: string
  /** Undefined for a product that is not known. */
  readonly line: ProductLine | undefined
  /** The TCB that the key was derived for: 8 bytes, as a report of this line has them. */
  readonly tcb: Buffer
  /** Of a VCEK: 64 bytes, from Turin on 8. */
  readonly chipId: Buffer | undefined
  /** Of a VLEK: whom it is lent to. */
  readonly csp: string | undefined
}

const AMD = '1.3.6.1.4.1.3704.1'
const KINDS: ReadonlyMap<string, Vek['kind']> = new Map([
  ['SEV-VCEK', 'VCEK'],
  ['SEV-VLEK', 'VLEK'],
])
/** Last part of the identifiers below `AMD.3`, in the order in which the bytes stand in a TCB version of the line. */
const SPL = { bl: 1, tee: 2, snp: 3, spare4: 4, spare5: 5, spare6: 6, spare7: 7, ucode: 8, fmc: 9 } as const
const ORDER: Readonly<Record<'early' | 'Turin', readonly number[]>> = {
  early: [SPL.bl, SPL.tee, SPL.spare4, SPL.spare5, SPL.spare6, SPL.spare7, SPL.snp, SPL.ucode],
  Turin: [SPL.fmc, SPL.bl, SPL.tee, SPL.snp, SPL.spare5, SPL.spare6, SPL.spare7, SPL.ucode],
}
const CHIP_ID_SIZES = [64, 8]

/** @throws ThymusError FORMAT for a certificate that is none of a key that signs reports */
export function readVek(certificate: Certificate): Vek {
  const kind = KINDS.get(commonName(certificate.subject))
  if (kind === undefined) throw fault('subject', 'neither SEV-VCEK nor SEV-VLEK')
  const { key } = certificate.publicKey
  if (key.kind !== 'ec' || key.curve.name !== 'P-384') throw fault('subjectPublicKey', 'no key on P-384')
  const product = text(certificate, `${AMD}.2`)
  const line = lineOfName(product)
  const tcb = Buffer.from(ORDER[line === 'Turin' ? 'Turin' : 'early'].map((part) => spl(certificate, part)))
  const identity =
    kind === 'VCEK' ? { chipId: readChipId(certificate), csp: undefined } : { chipId: undefined, csp: text(certificate, `${AMD}.5`) }
  return { certificate, kind, product, line, tcb, ...identity }
}

const fault = (at: string, message: string) =>
  new ThymusError('FORMAT', `the certificate is of no key that signs reports: ${message}`, { at })

function value(certificate: Certificate, id: string): Buffer {
  const extension = certificate.extensions.find((each) => each.id === id)
  if (extension === undefined) throw fault(id, 'an extension is missing')
  return extension.value
}

function text(certificate: Certificate, id: string): string {
  const reader = new DerReader(value(certificate, id))
  const content = reader.content(TAG.ia5String).toString('latin1')
  reader.finish()
  return content
}

function spl(certificate: Certificate, part: number): number {
  const reader = new DerReader(value(certificate, `${AMD}.3.${part}`))
  const level = reader.count(0xff)
  reader.finish()
  return level
}

/** Its bytes as they are; some certificates have them in an OCTET STRING of their own. */
function readChipId(certificate: Certificate): Buffer {
  const whole = value(certificate, `${AMD}.4`)
  if (CHIP_ID_SIZES.includes(whole.length)) return whole
  const reader = new DerReader(whole)
  const inside = reader.octets()
  reader.finish()
  if (!CHIP_ID_SIZES.includes(inside.length)) throw fault(`${AMD}.4`, `a chip of ${inside.length} bytes`)
  return inside
}
