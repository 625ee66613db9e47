// What files a package of RPM brings: their paths, digests and signatures, as its header tells them.
import { ThymusError } from '../../core/errors.ts'
import { printable } from '../../core/quote.ts'
import type { RpmHeader } from './header.ts'
import type { RpmPackage } from './package.ts'

export interface RpmFile {
  readonly path: string
  readonly digest: { readonly algorithm: string; readonly bytes: Buffer; readonly of: 'file' }
  /** In the place of security.ima; undefined where the package does not sign its files. */
  readonly signature: Buffer | undefined
}

/** OpenPGP's numbers (RFC 9580, 9.5), with the digits of a digest. A header that names no algorithm means MD5. */
const ALGORITHMS: ReadonlyMap<number, { readonly name: string; readonly digits: number }> = new Map([
  [1, { name: 'md5', digits: 32 }],
  [2, { name: 'sha1', digits: 40 }],
  [8, { name: 'sha256', digits: 64 }],
  [9, { name: 'sha384', digits: 96 }],
  [10, { name: 'sha512', digits: 128 }],
  [11, { name: 'sha224', digits: 56 }],
  [12, { name: 'sha3-256', digits: 64 }],
  [14, { name: 'sha3-512', digits: 128 }],
])
const MD5 = 1
const [FILE_TYPE, REGULAR] = [0o170000, 0o100000]
/** RPMFILE_GHOST: the package owns the path, and does not bring what stands there. */
const GHOST = 1 << 6
/** Linux' PATH_MAX. */
const MAX_PATH = 4096

/** NAME-VERSION-RELEASE.ARCH, as rpm prints it. @throws ThymusError FORMAT */
export function rpmName(header: RpmHeader): string {
  const [name, version, release] = (['NAME', 'VERSION', 'RELEASE'] as const).map((tag) => header.text(tag) ?? '')
  const arch = header.text('ARCH')
  return `${name}-${version}-${release}${arch === undefined ? '' : `.${arch}`}`
}

/**
 * The regular files of a package whose content it brings: no folders, links and devices, and no ghosts. Files of configuration are among them.
 * @throws ThymusError FORMAT for a header whose lists of files do not fit together, or of a kind that is not read: a package of sources, or one of RPM 3
 */
export function rpmFiles({ header, signatures }: { header: RpmHeader; signatures?: RpmPackage['signatures'] }): readonly RpmFile[] {
  const names = header.texts('BASENAMES')
  const name = printable(rpmName(header))
  const refuse = (what: string, at: string): never => {
    throw new ThymusError('FORMAT', what, { at: `${name}: ${at}` })
  }
  if (names.length === 0 && header.has('OLDFILENAMES')) refuse('paths as RPM 3 wrote them are not read', 'OLDFILENAMES')
  const one = <T>(tag: string, values: readonly T[]): readonly T[] =>
    values.length === names.length ? values : refuse(`${values.length} values for ${names.length} files`, tag)
  const folders = header.texts('DIRNAMES')
  const folderOf = one('DIRINDEXES', header.numbers('DIRINDEXES'))
  const digests = one('FILEDIGESTS', header.texts('FILEDIGESTS'))
  const modes = one('FILEMODES', header.numbers('FILEMODES'))
  const flags = one('FILEFLAGS', header.numbers('FILEFLAGS'))
  const signed = header.has('FILESIGNATURES') ? header.texts('FILESIGNATURES') : (signatures?.texts('SIG_FILESIGNATURES') ?? [])
  if (signed.length > 0) one('FILESIGNATURES', signed)
  const number = header.numbers('FILEDIGESTALGO')[0] ?? MD5
  const algorithm =
    ALGORITHMS.get(number) ?? (names.length === 0 ? undefined : refuse(`the hash algorithm ${number} is not known`, 'FILEDIGESTALGO'))
  const files: RpmFile[] = []
  for (const [index, base] of names.entries()) {
    const hex = digests[index]!
    if ((modes[index]! & FILE_TYPE) !== REGULAR || (flags[index]! & GHOST) !== 0 || hex === '') continue
    const folder = folders[folderOf[index]!] ?? refuse(`file ${index} is in folder ${folderOf[index]} of ${folders.length}`, 'DIRINDEXES')
    if (!folder.startsWith('/')) refuse('a package of sources installs nothing', 'DIRNAMES')
    if (folder.length + base.length > MAX_PATH) refuse(`the path of file ${index} is longer than ${MAX_PATH}`, 'BASENAMES')
    if (hex.length !== algorithm!.digits || !isHex(hex)) refuse(`file ${index} has no digest of ${algorithm!.name}`, 'FILEDIGESTS')
    const signature = signed[index] ?? ''
    if (!isHex(signature)) refuse(`the signature of file ${index} is not in hexadecimal`, 'FILESIGNATURES')
    files.push({
      path: folder + base,
      digest: { algorithm: algorithm!.name, bytes: Buffer.from(hex, 'hex'), of: 'file' },
      signature: signature === '' ? undefined : Buffer.from(signature, 'hex'),
    })
  }
  return files
}

const isHex = (text: string): boolean => /^(?:[0-9a-fA-F]{2})*$/.test(text)
