// The certificates that a host gives its guest beside a report, so that nobody need ask AMD for them: SEV-ES Guest-Hypervisor Communication
// Block (AMD 56421) 2.03, §4.1.8.1, which configfs-tsm shows as `auxblob`.
import { ByteReader } from '../../../formats/bytes.ts'
import { showGuid } from '../../../formats/efi/guid.ts'
import { type Certificate, readCertificate } from '../../../formats/x509/certificate.ts'
import { type Crl, readCrl } from '../../../formats/x509/crl.ts'
import { readVek, type Vek } from './vek.ts'

export interface CertificateTable {
  /** Of keys that sign reports: a host may hand on several, of which one signed (`signerOf`). */
  readonly veks: readonly Vek[]
  /** ASK or ASVK, and ARK. */
  readonly authorities: readonly Certificate[]
  /** None where the host gives none. */
  readonly crls: readonly Crl[]
}

type Kind = 'VCEK' | 'VLEK' | 'ASK' | 'ARK' | 'CRL'
const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['63da758d-e664-4564-adc5-f4b93be8accd', 'VCEK'],
  ['a8074bc2-a25a-483e-aae6-39c045a0b8a1', 'VLEK'],
  ['4ab7b379-bbac-4fe4-a02f-05aef327c782', 'ASK'],
  ['c0b406a4-a803-4952-9743-3fb6014cd0ae', 'ARK'],
  ['92f81bc3-5811-4d3d-97ff-d19f88dc67ea', 'CRL'],
])
/** The host may put in more than is known. */
const MAX_ENTRIES = 64
const END = '00000000-0000-0000-0000-000000000000'

/** Reads a table; entries of other kinds are passed over, and no bytes at all are an empty table. @throws ThymusError FORMAT */
export function readCertificateTable(bytes: Buffer): CertificateTable {
  const found = new Map<Kind, Buffer>()
  const reader = new ByteReader(bytes, 'little')
  for (let count = 0; bytes.length > 0; count++) {
    if (count > MAX_ENTRIES) reader.fail('entry', `more than ${MAX_ENTRIES} entries`)
    const guid = showGuid(reader.bytes(16, 'guid'))
    const [offset, length] = [reader.u32('offset'), reader.u32('length')]
    if (guid === END) break
    if (offset + length > bytes.length) reader.fail('offset', `${length} bytes at ${offset} of ${bytes.length}`)
    const kind = KINDS.get(guid)
    if (kind === undefined) continue
    if (found.has(kind)) reader.fail('guid', `a second ${kind}`)
    found.set(kind, bytes.subarray(offset, offset + length))
  }
  const certificates = (...kinds: readonly Kind[]) => kinds.flatMap((kind) => found.get(kind) ?? []).map(readCertificate)
  const crl = found.get('CRL')
  const [veks, authorities] = [certificates('VCEK', 'VLEK').map(readVek), certificates('ASK', 'ARK')]
  return { veks, authorities, crls: crl === undefined ? [] : [readCrl(crl)] }
}
