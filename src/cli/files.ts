// Files that a command line names: read within limits, and written whole or not at all; what is private is the caller's alone.
import { isUtf8 } from 'node:buffer'
import { closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { ThymusError } from '../core/errors.ts'
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
 * Writes a file whole, by way of another beside it.
 * @param options.isPrivate readable by its owner alone @param options.over a file that is there is replaced
 * @throws ThymusError USAGE
 */
export function writeOutput(path: string, content: Uint8Array | string, { isPrivate = false, over = false } = {}): void {
  const beside = `${path}.${process.pid}.new`
  let claimed = false
  try {
    if (!over) closeSync(openSync(path, 'wx', 0o600))
    claimed = !over
    const fd = openSync(beside, 'wx', isPrivate ? 0o600 : 0o644)
    try {
      writeFileSync(fd, content)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(beside, path)
    claimed = false
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const isThere = code === 'EEXIST' && !claimed
    throw new ThymusError('USAGE', isThere ? 'it is there already, and is not replaced' : `it cannot be written (${code})`, {
      at: path,
      cause,
    })
  } finally {
    rmSync(beside, { force: true })
    if (claimed) rmSync(path, { force: true })
  }
}
