// Kernel modules on disk, and what the running kernel says of modules and keys. Reads alone.
import { hash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ThymusError } from '../../../core/errors.ts'
import { type NodeState, readKernelKeys, readLockdown } from '../../../layers/firmware/modules/node.ts'
import { unpacked } from '../unpack.ts'

/** The largest modules, graphics drivers with their debugging information, stay under 100 MiB. */
const MAX_MODULE = 256 << 20
const MODULE = /\.ko(?:\.(?:gz|zst|xz))?$/

export interface ModuleFile {
  /** The module itself, as the kernel sees it. */
  readonly module: Buffer
  /** Of the file as it lies there, packed or not, which is what the kernel hashes; in hexadecimal. */
  readonly sha256: string
}

/** Module and digest of one reading, so that they are of the same bytes. @throws ThymusError FORMAT where it cannot be unpacked; USAGE where it cannot be read */
export function readModuleFile(path: string): ModuleFile {
  const bytes = bytesOf(path)
  try {
    return { module: unpacked(bytes, MAX_MODULE), sha256: hash('sha256', bytes) }
  } catch (cause) {
    throw new ThymusError('FORMAT', `it cannot be unpacked: ${cause instanceof Error ? cause.message : String(cause)}`, { at: path, cause })
  }
}

/** The digest that the kernel would make of a file, in hexadecimal. @throws ThymusError USAGE where it cannot be read; FORMAT for what is too long */
export const moduleDigest = (path: string): string => hash('sha256', bytesOf(path))

function bytesOf(path: string): Buffer {
  return orFail(path, () => {
    if (statSync(path).size > MAX_MODULE) throw new ThymusError('FORMAT', `more than ${MAX_MODULE} bytes`, { at: path })
    return readFileSync(path)
  })
}

/** All modules below a folder, in the order of their paths. @throws ThymusError USAGE */
export function modulesBelow(folder: string): readonly string[] {
  const found = orFail(folder, () => readdirSync(folder, { recursive: true, withFileTypes: true }))
  return found
    .filter((entry) => entry.isFile() && MODULE.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** A module's name as the kernel has it: of its file, with underscores. */
export const moduleName = (path: string): string =>
  path
    .slice(path.lastIndexOf('/') + 1)
    .replace(MODULE, '')
    .replaceAll('-', '_')

/** Names of the modules that are loaded. */
export const loadedModules = (): readonly string[] =>
  (textOf('/proc/modules') ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.slice(0, line.indexOf(' ')))

/** What the running kernel is set to, and which keys it holds. */
export function nodeState(): NodeState {
  const enforces = textOf('/sys/module/module/parameters/sig_enforce')?.trim()
  const lockdown = textOf('/sys/kernel/security/lockdown')
  return {
    enforces: enforces === undefined ? undefined : enforces === 'Y',
    lockdown: lockdown === undefined ? undefined : readLockdown(lockdown),
    keys: readKernelKeys(textOf('/proc/keys') ?? ''),
  }
}

/** Undefined where it is not there, or may not be read. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function orFail<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof ThymusError) throw cause
    throw new ThymusError('USAGE', `it cannot be read (${(cause as NodeJS.ErrnoException).code})`, { at: path, cause })
  }
}
