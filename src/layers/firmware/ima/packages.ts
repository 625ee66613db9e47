// A policy out of what packages say of their files. RPM knows their SHA-256, so that the policy is the vendor's and asks no machine. Debian's
// database holds MD5 alone (dpkg, /var/lib/dpkg/info/NAME.md5sums), which names no file well enough: so each file is hashed, and its SHA-256 is
// taken where its MD5 is still that of its package. What follows is worth as much as the machine on which it was made.
import { ThymusError } from '../../../core/errors.ts'
import type { FileDigest } from './entry.ts'
import { add, EMPTY, type Growing, hexOf, type ImaPolicy } from './policy.ts'
import { type FileKey, readFileSignature, stateOf } from './signature.ts'
import { SignatureVerifier } from './verifier.ts'

export interface Package {
  readonly name: string
  readonly files: readonly PackagedFile[]
}

export interface PackagedFile {
  /** From the root. */
  readonly path: string
  readonly digest: FileDigest
  /** What security.ima is to be; undefined where the package does not sign its files. */
  readonly signature?: Buffer | undefined
}

/** What a file is now. */
export interface FileNow {
  /** Without links on the way: the kernel measures under this name. */
  readonly path: string
  /** By the algorithm that was asked for. */
  readonly digest: Buffer
  readonly sha256: string
}

/** Where the files of packages lie. */
export interface Host {
  /** The names under which the kernel may measure a file. */
  readonly namesOf: (path: string) => readonly string[]
  /** Hashes a file, by SHA-256 and as asked; undefined where it cannot be read. Not there: no machine is at hand. */
  readonly now?: (path: string, algorithm: WeakHash) => FileNow | undefined
}

export interface PackagePolicy {
  readonly policy: ImaPolicy
  /** Files that were hashed, since their packages know them by a weak hash alone. */
  readonly hashed: number
  /** Files that are left out, each as `PACKAGE: PATH`. */
  readonly out: Readonly<Record<LeftOut, readonly string[]>>
}

/** Not what the package brought; not there, or not readable; known by a weak hash, and no machine to hash them on; signed by none of the keys. */
export type LeftOut = 'changed' | 'missing' | 'weak' | 'unsigned'

const MAX_FILES = 2_000_000
/** Two files can be given one digest of these. */
export type WeakHash = 'md5' | 'sha1'
const isWeak = (algorithm: string): algorithm is WeakHash => algorithm === 'md5' || algorithm === 'sha1'

/** `MD5  PATH` lines of a package. @throws ThymusError REFERENCE for a line that is none */
export function readMd5sums(name: string, text: string): Package {
  const lines = text.split('\n').filter((line) => line !== '')
  if (lines.length > MAX_FILES) throw new ThymusError('REFERENCE', `more than ${MAX_FILES} files`, { at: name })
  const files = lines.map((line, index): PackagedFile => {
    const parts = /^([0-9a-f]{32}) {2}(.+)$/.exec(line)
    if (parts === null) throw new ThymusError('REFERENCE', 'a line is not `MD5  PATH`', { at: `${name}:${index + 1}` })
    return { path: `/${parts[2]!}`, digest: { algorithm: 'md5', bytes: Buffer.from(parts[1]!, 'hex'), of: 'file' } }
  })
  return { name, files }
}

/** The names that a path of a package can have: /bin, /sbin and /lib are links into /usr on most systems, and /usr/sbin is one to /usr/bin on some. */
export function usualNames(path: string): readonly string[] {
  const merged = path.replace(/^\/(?=(?:bin|sbin|lib(?:32|64|x32)?)\/)/, '/usr/')
  return [...new Set([path, merged, merged.replace(/^\/usr\/sbin\//, '/usr/bin/')])]
}

/** @param keys where some are given, only files count that one of them signed @throws ThymusError REFERENCE for a digest that is none */
export function policyFromPackages(packages: Iterable<Package>, { namesOf, now }: Host, keys: readonly FileKey[] = []): PackagePolicy {
  const files: Growing = new Map()
  const out: Record<LeftOut, string[]> = { changed: [], missing: [], weak: [], unsigned: [] }
  const verifier = new SignatureVerifier(MAX_FILES)
  let hashed = 0
  const fate = ({ path, digest, signature }: PackagedFile, name: string): LeftOut | undefined => {
    const hex = hexOf(digest, `${name}: ${path}`)
    if (keys.length > 0 && !isSigned(digest, signature, keys, verifier)) return 'unsigned'
    const { algorithm } = digest
    if (!isWeak(algorithm)) {
      for (const each of namesOf(path)) add(files, each, hex)
      return undefined
    }
    if (now === undefined) return 'weak'
    const file = now(path, algorithm)
    if (file === undefined) return 'missing'
    if (!file.digest.equals(digest.bytes)) return 'changed'
    add(files, file.path, file.sha256)
    hashed++
    return undefined
  }
  for (const { name, files: packaged } of packages) {
    for (const file of packaged) {
      const left = fate(file, name)
      if (left !== undefined) out[left].push(`${name}: ${file.path}`)
    }
  }
  return { policy: { ...EMPTY, files }, hashed, out }
}

function isSigned(digest: FileDigest, signature: Buffer | undefined, keys: readonly FileKey[], verifier: SignatureVerifier): boolean {
  if (signature === undefined) return false
  try {
    return stateOf(readFileSignature(signature), digest, keys, verifier) === 'good'
  } catch (error) {
    if (error instanceof ThymusError) return false
    throw error
  }
}
