// One entry of the measurement list: what the kernel says that it measured, and what it extended a PCR with.
import type { Template } from './template.ts'

export interface FileDigest {
  /** As the kernel calls it: sha256, sm3-256 …; sha1 or md5 where the template says none. */
  readonly algorithm: string
  readonly bytes: Buffer
  /** `verity`: not of the file but of its Merkle tree (template field d-ngv2). */
  readonly of: 'file' | 'verity'
}

/** Bytes of the digest in the template `ima`, and of its name. */
export const LEGACY_DIGEST = 20
export const LEGACY_NAME = 256

const MD5_SIZE = 16
const COLON = 0x3a

export class ImaEntry {
  /** From 1: the line of the ASCII list, the place in the binary one. */
  readonly number: number
  readonly pcr: number
  readonly template: Template
  /** As it is logged. It is a claim; what was extended follows from `data`. */
  readonly templateHash: Buffer
  /** What the kernel hashed: the fields, each behind its length (not in the template `ima`). */
  readonly data: Buffer
  /** Where the next one begins in the bytes that were read. */
  readonly end: number
  #name: string | undefined

  constructor(number: number, pcr: number, template: Template, templateHash: Buffer, data: Buffer, end: number) {
    this.number = number
    this.pcr = pcr
    this.template = template
    this.templateHash = templateHash
    this.data = data
    this.end = end
  }

  /** The file changed while it was measured: zeros are logged, ones extended, and nothing of the data is bound by a PCR (IMA templates; ima_add_violation). */
  get violation(): boolean {
    return isZero(this.templateHash)
  }

  /** The content of a field; undefined where the template has none of that name. */
  field(id: string): Buffer | undefined {
    const index = this.template.index.get(id)
    if (index === undefined) return undefined
    if (this.template.legacy) return this.#legacy(index)
    let at = 0
    for (let before = 0; before < index; before++) at += 4 + this.data.readUInt32LE(at)
    return this.data.subarray(at + 4, at + 4 + this.data.readUInt32LE(at))
  }

  /** The path, or the name of what was measured where it is no file. A byte that is no UTF-8 is U+FFFD. */
  get name(): string {
    this.#name ??= this.#readName()
    return this.#name
  }

  #readName(): string {
    const bytes = this.field('n-ng') ?? this.field('n') ?? Buffer.alloc(0)
    const end = bytes.indexOf(0)
    return bytes.toString('utf8', 0, end < 0 ? bytes.length : end)
  }

  get digest(): FileDigest {
    return namedDigest(this.field('d-ng') ?? this.field('d-ngv2') ?? this.field('d') ?? Buffer.alloc(0))
  }

  #legacy(index: number): Buffer {
    const size = this.data.length - LEGACY_NAME
    return index === 0 ? this.data.subarray(0, size) : this.data.subarray(size)
  }
}

/** `[TYPE:]ALGORITHM:`, NUL, digest; or a digest alone, of MD5 or SHA-1. */
export function namedDigest(bytes: Buffer): FileDigest {
  if (!isNamed(bytes)) return { algorithm: bytes.length === MD5_SIZE ? 'md5' : 'sha1', bytes, of: 'file' }
  const end = bytes.indexOf(0)
  const names = bytes.toString('latin1', 0, end).split(':')
  return { algorithm: names.at(-2) ?? '', bytes: bytes.subarray(end + 1), of: names[0] === 'verity' ? 'verity' : 'file' }
}

/** Whether a field of a named digest can have this content. */
export const isDigest = (bytes: Buffer): boolean => isNamed(bytes) || bytes.length === MD5_SIZE || bytes.length === LEGACY_DIGEST

function isNamed(bytes: Buffer): boolean {
  const end = bytes.indexOf(0)
  return end > 1 && bytes[end - 1] === COLON
}

function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== 0) return false
  return true
}
