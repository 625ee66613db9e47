// Files that a command line names: read within limits, and written whole or not at all; what is private is the caller's alone.
import { isUtf8 } from 'node:buffer'
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { type Code, ThymusError } from '../core/errors.ts'
import { MIB } from '../core/limits.ts'

/** Largest file that is read: hashed data may be large, all else is far smaller. */
const MAX_BYTES = 64 << 20
/** What is booted is larger: an initrd with its drivers has some hundred MiB. */
export const MAX_IMAGE = 1 << 30

/** A file, or stdin for `-`. @throws ThymusError USAGE */
export function readInput(path: string, limit = MAX_BYTES): Buffer {
  try {
    const fd = path === '-' ? 0 : openSync(path, 'r')
    try {
      return readAll(fd, limit)
    } finally {
      if (fd !== 0) closeSync(fd)
    }
  } catch (cause) {
    if (cause instanceof ThymusError) throw new ThymusError(cause.code, cause.message, { at: path })
    const { code } = cause as NodeJS.ErrnoException
    throw new ThymusError('USAGE', code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`, { at: path, cause })
  }
}

function readAll(fd: number, limit: number): Buffer {
  const pieces: Buffer[] = []
  for (let size = 0; ; ) {
    const piece = Buffer.alloc(65_536)
    const read = readSync(fd, piece)
    size += read
    if (size > limit) throw new ThymusError('USAGE', `it has more than ${limit} bytes`)
    if (read === 0) return Buffer.concat(pieces)
    pieces.push(piece.subarray(0, read))
  }
}

/** Largest text that is read: OPA itself holds twenty times as much of it in memory. */
const MAX_TEXT = 256 << 20

/** Text of a file, or of stdin for `-`. @throws ThymusError USAGE; FORMAT where it is not in UTF-8 */
export function readText(path: string): string {
  const bytes = readInput(path, MAX_TEXT)
  if (!isUtf8(bytes)) throw new ThymusError('FORMAT', 'not text in UTF-8', { at: path })
  return new TextDecoder().decode(bytes)
}

/** All of a file; a device, a pipe or one that is larger is none of ours. @param limit in bytes @throws ThymusError USAGE */
export function readWhole(path: string, limit: number): Buffer {
  let fd: number | undefined
  try {
    // A pipe that nobody writes into must not keep us waiting.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = fstatSync(fd)
    if (!stat.isFile()) throw new ThymusError('USAGE', 'it is no file', { at: path })
    if (stat.size > limit) throw new ThymusError('USAGE', `it has more than ${limit / MIB} MiB`, { at: path })
    return readFileSync(fd)
  } catch (cause) {
    if (cause instanceof ThymusError) throw cause
    throw new ThymusError('USAGE', `it cannot be read (${(cause as NodeJS.ErrnoException).code})`, { at: path, cause })
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/**
 * Writes a file whole, by way of another beside it; a device or a pipe is written as it is.
 * @param options.isPrivate readable by its owner alone @param options.over a file that is there is replaced, and keeps its mode
 * @throws ThymusError USAGE
 */
export function writeOutput(path: string, content: Uint8Array | string, { isPrivate = false, over = false } = {}): void {
  const mode = isPrivate ? 0o600 : 0o644
  writing(path, () => {
    const there = over ? statSync(path, { throwIfNoEntry: false }) : undefined
    if (there?.isFile() === false) writeFileSync(path, content)
    else if (there !== undefined) replace(realpathSync(path), content, mode, isPrivate ? mode : there.mode & 0o777)
    else if (over) replace(path, content, mode)
    else create(path, content, mode)
  })
}

/** Whether a file could be replaced or made, before it is known what is to be in it. @throws ThymusError USAGE */
export function checkOutput(path: string): void {
  writing(path, () => {
    const there = statSync(path, { throwIfNoEntry: false })
    if (there?.isDirectory()) throw new ThymusError('USAGE', 'it is a folder', { at: path })
    const isOther = there?.isFile() === false
    accessSync(isOther ? path : `${dirname(there === undefined ? path : realpathSync(path))}/.`, constants.W_OK)
  })
}

/** Work on a place where something is written. @throws ThymusError of the code, with the place, where the system says no */
export function attempt<T>(code: Code, at: string, work: () => T, no = 'nothing can be kept there'): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof ThymusError) throw cause
    throw new ThymusError(code, `${no} (${(cause as NodeJS.ErrnoException).code})`, { at, cause })
  }
}

/** @throws ThymusError USAGE */
export const writing = <T>(path: string, write: () => T): T => attempt('USAGE', path, write, 'it cannot be written')

/** Its name is taken first: of two that make it, one is refused. */
function create(path: string, content: Uint8Array | string, mode: number): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    throw new ThymusError('USAGE', 'it is there already, and is not replaced', { at: path, cause })
  }
  try {
    replace(path, content, mode)
  } catch (cause) {
    rmSync(path, { force: true })
    throw cause
  }
}

/** @param mode as far as the umask lets it @param former whatever the umask is */
function replace(path: string, content: Uint8Array | string, mode: number, former?: number): void {
  const beside = `${path}.${process.pid}.new`
  try {
    const fd = openSync(beside, 'wx', mode)
    try {
      if (former !== undefined) fchmodSync(fd, former)
      writeFileSync(fd, content)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(beside, path)
  } finally {
    rmSync(beside, { force: true })
  }
}
