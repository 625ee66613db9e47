// A vendor of our own: its root, its authorities, keys of chips, and reports that they sign.
import { createHash, sign } from 'node:crypto'
import { guidBytes } from '../../src/formats/efi/guid.ts'
import { readCertificate } from '../../src/formats/x509/certificate.ts'
import { type Endorsement, type Endorsing, endorse } from '../../src/layers/hardware/snp/endorsement.ts'
import type { ProductLine } from '../../src/layers/hardware/snp/product.ts'
import { certificate, extension, integer, isCa, newPair, newRsaPair, type Pair, type Request, text } from './certificates.ts'

const AMD = '1.3.6.1.4.1.3704.1'
/** Bytes of a TCB version, as a report has them. */
export type TcbBytes = readonly [number, number, number, number, number, number, number, number]
export const TCB: TcbBytes = [4, 0, 0, 0, 0, 0, 24, 219]
export const TURIN_TCB: TcbBytes = [1, 1, 1, 4, 0, 0, 0, 81]
export const CHIP_ID = Buffer.alloc(64, 0xc1)
export const TURIN_CHIP_ID = Buffer.alloc(8, 0xc1)

const ORDER = { early: [1, 2, 4, 5, 6, 7, 3, 8], turin: [9, 1, 2, 3, 5, 6, 7, 8] }

export interface VekRequest {
  readonly product?: string
  readonly tcb?: TcbBytes
  readonly chipId?: Buffer
  /** Makes it a VLEK. */
  readonly csp?: string
  readonly change?: Partial<Request>
}

/** One line's authorities. Keys are made once: RSA takes its time. */
export class Vendor {
  readonly line: ProductLine
  readonly #made = new Set<string>()
  readonly #root = newRsaPair()
  readonly #authority = newRsaPair()
  readonly key: Pair = newPair('P-384')
  readonly roots: Endorsing['roots']

  constructor(line: ProductLine = 'Milan') {
    this.line = line
    const spki = this.#root.publicKey.export({ format: 'der', type: 'spki' })
    this.roots = new Map([[createHash('sha256').update(spki).digest('hex'), line]])
  }

  /** Who signs lists. */
  get issuer(): { readonly subject: string; readonly key: Pair } {
    return { subject: `ARK-${this.line}`, key: this.#root }
  }

  root(change: Partial<Request> = {}): Buffer {
    return certificate({ ...this.issuer, extensions: [isCa()], hash: 'sha384', ...change })
  }

  authority(lends = false, change: Partial<Request> = {}): Buffer {
    const subject = lends ? `SEV-VLEK-${this.line}` : `SEV-${this.line}`
    return certificate({ subject, key: this.#authority, issuer: this.issuer, extensions: [isCa(0)], hash: 'sha384', ...change })
  }

  /** The certificate of `key`. */
  vek({ product = this.line, tcb = this.line === 'Turin' ? TURIN_TCB : TCB, chipId, csp, change }: VekRequest = {}): Buffer {
    const chip = chipId ?? (this.line === 'Turin' ? TURIN_CHIP_ID : CHIP_ID)
    const extensions = [
      extension(`${AMD}.2`, text(0x16, product)),
      ...ORDER[this.line === 'Turin' ? 'turin' : 'early'].map((part, at) => extension(`${AMD}.3.${part}`, integer(tcb[at]!))),
      csp === undefined ? extension(`${AMD}.4`, chip) : extension(`${AMD}.5`, text(0x16, csp)),
    ]
    const issuer = { subject: csp === undefined ? `SEV-${this.line}` : `SEV-VLEK-${this.line}`, key: this.#authority }
    const subject = csp === undefined ? 'SEV-VCEK' : 'SEV-VLEK'
    return certificate({ subject, key: this.key, issuer, extensions, hash: 'sha384', serial: integer(0), ...change })
  }

  endorsement(request: VekRequest = {}, change: Partial<Endorsing> = {}): Endorsement {
    const authorities = [this.authority(request.csp !== undefined), this.root()].map(readCertificate)
    return endorse(readCertificate(this.vek(request)), { authorities, roots: this.roots!, ...change })
  }

  /** Whether these bytes are a report that was made here. */
  isGenuine(bytes: Buffer): boolean {
    return this.#made.has(bytes.toString('latin1'))
  }

  /** A report that `key` signs. @param change what is different in it, offset → bytes */
  report(version = 3, change: Readonly<Record<number, Uint8Array>> = {}): Buffer {
    const bytes = Buffer.alloc(0x4a0)
    const isTurin = this.line === 'Turin'
    bytes.writeUInt32LE(version, 0)
    bytes.writeUInt32LE(7, 4)
    bytes.writeBigUInt64LE(0x3001fn, 8)
    bytes.writeUInt32LE(1, 0x34)
    for (const at of [0x38, 0x180, 0x1e0, 0x1f0]) bytes.set(isTurin ? TURIN_TCB : TCB, at)
    bytes.writeBigUInt64LE(0x25n, 0x40)
    bytes.fill(0x11, 0x50, 0x90).fill(0x22, 0x90, 0xc0).fill(0x33, 0xc0, 0xe0).fill(0xff, 0x160, 0x180)
    if (version >= 3) bytes.set({ Milan: [0x19, 1, 1], Genoa: [0x19, 0x11, 1], Turin: [0x1a, 2, 1] }[this.line], 0x188)
    bytes.set(isTurin ? TURIN_CHIP_ID : CHIP_ID, 0x1a0)
    for (const at of [0x1e8, 0x1ec]) bytes.set([22, 55, 1], at)
    for (const [at, value] of Object.entries(change)) bytes.set(value, Number(at))
    const signature = sign('sha384', bytes.subarray(0, 0x2a0), { key: this.key.privateKey, dsaEncoding: 'ieee-p1363' })
    for (const [from, at] of [
      [0, 0x2a0],
      [48, 0x2e8],
    ] as const)
      bytes.set(Buffer.from(signature.subarray(from, from + 48)).reverse(), at)
    this.#made.add(bytes.toString('latin1'))
    return bytes
  }
}

const ENTRIES: Readonly<Record<string, string>> = {
  VCEK: '63da758d-e664-4564-adc5-f4b93be8accd',
  VLEK: 'a8074bc2-a25a-483e-aae6-39c045a0b8a1',
  ASK: '4ab7b379-bbac-4fe4-a02f-05aef327c782',
  ARK: 'c0b406a4-a803-4952-9743-3fb6014cd0ae',
  CRL: '92f81bc3-5811-4d3d-97ff-d19f88dc67ea',
  other: '11111111-2222-3333-4444-555555555555',
}

/** What a host gives its guest beside a report. */
export function certificateTable(parts: Readonly<Record<string, Buffer>>): Buffer {
  const list = Object.entries(parts)
  const head = Buffer.alloc(24 * (list.length + 1))
  let end = head.length
  for (const [at, [name, bytes]] of list.entries()) {
    guidBytes(ENTRIES[name]!).copy(head, 24 * at)
    head.writeUInt32LE(end, 24 * at + 16)
    head.writeUInt32LE(bytes.length, 24 * at + 20)
    end += bytes.length
  }
  return Buffer.concat([head, ...list.map(([, bytes]) => bytes)])
}
