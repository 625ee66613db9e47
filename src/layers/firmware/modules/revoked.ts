// What signs nothing any more, as it is handed over: certificates; hashes as the kernel's .blacklist keyring names them (Linux, certs/blacklist.c);
// the lists of a firmware, dbx or shim's MokListX (UEFI 2.10 §32.4.1), which the kernel puts into that keyring.
import { hash } from 'node:crypto'
import { ThymusError } from '../../../core/errors.ts'
import { GUID } from '../../../formats/efi/guid.ts'
import { hashEntry, readSignatureLists, withoutAttributes } from '../../../formats/efi/signature-list.ts'
import { readAllPem } from '../../../formats/pem.ts'
import { type Certificate, MAX_CERTIFICATES, readCertificate } from '../../../formats/x509/certificate.ts'

export interface Revoked {
  readonly certificates: readonly Certificate[]
  /** `tbs:` and the hash of what is signed in a certificate; `bin:` and that of a module without its signature. Digits in lower case. */
  readonly hashes: ReadonlySet<string>
}

export const NOTHING_REVOKED: Revoked = { certificates: [], hashes: new Set() }

/** A dbx has some 30 KiB. */
const MAX_BYTES = 16 << 20
/** Nothing says of a hash which one it is, but its length. */
const HASHES = ['sha256', 'sha384', 'sha512'] as const
const DIGITS: readonly number[] = [64, 96, 128]
const SEQUENCE = 0x30

/** @param bytes PEM or DER; lines of `tbs:` and `bin:`; or lists of EFI signatures, with or without the attributes of efivarfs. @throws ThymusError FORMAT */
export function readRevoked(bytes: Buffer): Revoked {
  if (bytes.length > MAX_BYTES) throw new ThymusError('FORMAT', `more than ${MAX_BYTES} bytes`)
  if (!isText(bytes)) return bytes[0] === SEQUENCE ? { ...NOTHING_REVOKED, certificates: [readCertificate(bytes)] } : readLists(bytes)
  const text = bytes.toString('latin1')
  const blocks = readAllPem(text).filter(({ label }) => label === 'CERTIFICATE')
  if (blocks.length > MAX_CERTIFICATES) throw new ThymusError('FORMAT', `more than ${MAX_CERTIFICATES} certificates`)
  if (blocks.length > 0) return { ...NOTHING_REVOKED, certificates: blocks.map((block) => readCertificate(block.bytes)) }
  return { ...NOTHING_REVOKED, hashes: readHashes(text) }
}

/** DER that is longer than 127 bytes is none, for its length, and neither is a list, for its zeros. */
const isText = (bytes: Buffer): boolean =>
  bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d)

/** As the keyring names them, or as a kernel is built with them: in quotes, and a comma behind. */
function readHashes(text: string): ReadonlySet<string> {
  const hashes = new Set<string>()
  for (const [at, each] of text.split('\n').entries()) {
    const line = each.trim()
    if (line === '' || line.startsWith('#')) continue
    const [, kind, digits = ''] = /^"?(tbs|bin):([0-9a-fA-F]+)"?,?$/.exec(line) ?? []
    if (!DIGITS.includes(digits.length))
      throw new ThymusError('FORMAT', 'it is neither tbs: nor bin: with a SHA-256, SHA-384 or SHA-512', { at: `line ${at + 1}` })
    hashes.add(`${kind}:${digits.toLowerCase()}`)
  }
  if (hashes.size === 0) throw new ThymusError('FORMAT', 'it names no certificate and no hash')
  return hashes
}

/** An empty list is one: nothing has been revoked yet. */
function readLists(bytes: Buffer): Revoked {
  const entries = readSignatureLists(withoutAttributes(bytes))
  const hashes = entries.map(hashEntry).filter((entry) => entry !== undefined)
  return {
    certificates: entries.filter(({ type }) => type === GUID.certX509).map(({ data }) => readCertificate(data)),
    hashes: new Set(hashes.map(({ of, value }) => `${of === 'certificate' ? 'tbs' : 'bin'}:${value.toString('hex')}`)),
  }
}

/** All of them. */
export const togetherRevoked = (all: readonly Revoked[]): Revoked => ({
  certificates: all.flatMap(({ certificates }) => certificates),
  hashes: new Set(all.flatMap(({ hashes }) => [...hashes])),
})

/** Whether these bytes are revoked by one of their hashes. */
export const isHashRevoked = ({ hashes }: Revoked, kind: 'tbs' | 'bin', bytes: Buffer): boolean =>
  hashes.size > 0 && HASHES.some((name) => hashes.has(`${kind}:${hash(name, bytes)}`))
