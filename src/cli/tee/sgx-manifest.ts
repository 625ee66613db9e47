// `thymus tee sgx manifest`: the files are read here, what is made of them elsewhere.
import { createHash } from 'node:crypto'
import { closeSync, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { ThymusError } from '../../core/errors.ts'
import { gramineManifest, type TrustedFile } from '../../layers/hardware/sgx/gramine-manifest.ts'

export interface ManifestFlags {
  readonly trust?: readonly string[]
  readonly env?: readonly (readonly [name: string, value: string])[]
  readonly 'enclave-size': number
  readonly 'max-threads': number
  readonly 'isv-prod-id': number
  readonly 'isv-svn': number
}

/** A whole distribution has some hundreds of thousands. */
const MAX_FILES = 100_000
const CHUNK = 1 << 20

export async function manifest(flags: ManifestFlags, program: string, ...args: readonly string[]): Promise<undefined> {
  if (!isAbsolute(program)) throw new ThymusError('USAGE', 'the program is named by its absolute path', { at: program })
  const mounts = [...new Set([program, ...(flags.trust ?? [])].map((path) => (path.length > 1 ? path.replace(/\/+$/, '') : path)))]
  const files = new Map<string, TrustedFile>()
  for (const mount of mounts) {
    for (const path of filesOf(mount)) {
      if (files.size >= MAX_FILES) throw new ThymusError('USAGE', `more than ${MAX_FILES} files`, { at: mount })
      if (!files.has(path)) files.set(path, { path, sha256: sha256Of(path) })
    }
  }
  const text = gramineManifest({
    ...{ entrypoint: program, args, env: flags.env ?? [], mounts, files: [...files.values()] },
    ...{ enclaveMib: flags['enclave-size'], maxThreads: flags['max-threads'] },
    ...{ isvProdId: flags['isv-prod-id'], isvSvn: flags['isv-svn'] },
  })
  process.stdout.write(text)
}

/** Regular files, in order of their names; links are followed where they lead to a file, since Gramine follows them. */
function* filesOf(path: string): Generator<string> {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) throw new ThymusError('USAGE', 'there is no such file', { at: path })
  if (stat.isFile()) yield path
  if (!stat.isDirectory()) return
  for (const entry of readdirSync(path, { withFileTypes: true }).sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const inside = join(path, entry.name)
    if (entry.isDirectory()) yield* filesOf(inside)
    else if (entry.isFile() || (entry.isSymbolicLink() && leadsToFile(inside))) yield inside
  }
}

/** A link that leads nowhere is nobody's file. */
function leadsToFile(path: string): boolean {
  try {
    return statSync(realpathSync(path)).isFile()
  } catch {
    return false
  }
}

function sha256Of(path: string): string {
  const digest = createHash('sha256')
  const chunk = Buffer.alloc(CHUNK)
  let fd: number | undefined
  try {
    fd = openSync(path, 'r')
    for (let length = readSync(fd, chunk); length > 0; length = readSync(fd, chunk)) digest.update(chunk.subarray(0, length))
  } catch (cause) {
    throw new ThymusError('USAGE', `it cannot be read (${(cause as NodeJS.ErrnoException).code})`, { at: path, cause })
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
  return digest.digest('hex')
}
