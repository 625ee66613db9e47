// The packages of Debian, and the files that they put on this machine.
import { createHash } from 'node:crypto'
import { closeSync, openSync, readdirSync, readFileSync, readSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { ThymusError } from '../../core/errors.ts'
import { type FileNow, type Package, readMd5sums } from '../../layers/firmware/ima/packages.ts'

const DPKG = '/var/lib/dpkg/info'
const SUFFIX = '.md5sums'
const CHUNK = 1 << 20

/** Every package that says what its files are. @throws ThymusError COMMAND where there is no such database; REFERENCE for one that is damaged */
export function* debianPackages(folder = DPKG): Generator<Package> {
  let names: readonly string[]
  try {
    names = readdirSync(folder)
      .filter((name) => name.endsWith(SUFFIX))
      .sort()
  } catch (cause) {
    throw new ThymusError('COMMAND', 'there is no database of Debian packages here', { at: folder, cause })
  }
  for (const name of names) yield readMd5sums(name.slice(0, -SUFFIX.length), readFileSync(join(folder, name), 'utf8'))
}

/** Hashes a file, reading it once; undefined where it cannot be read. */
export function fileNow(path: string): FileNow | undefined {
  try {
    const real = realpathSync(path)
    const [md5, sha256] = [createHash('md5'), createHash('sha256')]
    for (const chunk of chunksOf(real)) {
      md5.update(chunk)
      sha256.update(chunk)
    }
    return { path: real, md5: md5.digest('hex'), sha256: sha256.digest('hex') }
  } catch {
    return undefined
  }
}

function* chunksOf(path: string): Generator<Buffer> {
  const file = openSync(path, 'r')
  try {
    const buffer = Buffer.allocUnsafe(CHUNK)
    for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) yield buffer.subarray(0, read)
  } finally {
    closeSync(file)
  }
}
