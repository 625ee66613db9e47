// A policy out of what a package manager knows. Debian's database holds MD5 alone (dpkg, /var/lib/dpkg/info/NAME.md5sums), which names no file well
// enough: so each file is hashed, and its SHA-256 is taken where its MD5 is still that of its package. What follows is worth as much as the machine
// on which it was made.
import { ThymusError } from '../../../core/errors.ts'
import { add, EMPTY, type Growing, type ImaPolicy } from './policy.ts'

export interface Package {
  readonly name: string
  readonly files: readonly PackagedFile[]
}

export interface PackagedFile {
  /** From the root. */
  readonly path: string
  /** In hexadecimal. */
  readonly md5: string
}

/** What a file is now. */
export interface FileNow {
  /** Without links on the way: the kernel measures under this name. */
  readonly path: string
  readonly md5: string
  readonly sha256: string
}

export interface PackagePolicy {
  readonly policy: ImaPolicy
  /** Files whose MD5 is not that of their package, `PACKAGE: PATH`. They are left out of the policy. */
  readonly changed: readonly string[]
  /** Files that are not there, or cannot be read. */
  readonly missing: readonly string[]
}

const MAX_FILES = 2_000_000

/** `MD5  PATH` lines of a package. @throws ThymusError REFERENCE for a line that is none */
export function readMd5sums(name: string, text: string): Package {
  const lines = text.split('\n').filter((line) => line !== '')
  if (lines.length > MAX_FILES) throw new ThymusError('REFERENCE', `more than ${MAX_FILES} files`, { at: name })
  const files = lines.map((line, index) => {
    const parts = /^([0-9a-f]{32}) {2}(.+)$/.exec(line)
    if (parts === null) throw new ThymusError('REFERENCE', 'a line is not `MD5  PATH`', { at: `${name}:${index + 1}` })
    return { path: `/${parts[2]!}`, md5: parts[1]! }
  })
  return { name, files }
}

/** @param now what a file is now; undefined where it cannot be read */
export function policyFromPackages(packages: Iterable<Package>, now: (path: string) => FileNow | undefined): PackagePolicy {
  const files: Growing = new Map()
  const changed: string[] = []
  const missing: string[] = []
  for (const { name, files: packaged } of packages) {
    for (const { path, md5 } of packaged) {
      const file = now(path)
      if (file === undefined) missing.push(`${name}: ${path}`)
      else if (file.md5 !== md5) changed.push(`${name}: ${path}`)
      else add(files, file.path, file.sha256)
    }
  }
  return { policy: { ...EMPTY, files }, changed, missing }
}
