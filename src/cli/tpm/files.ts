// Files of `thymus tpm`. What is private is the caller's alone, and is there whole or not at all.
import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { ThymusError } from '../../core/errors.ts'

/** Largest file that is read: hashed data may be large, all else is far smaller. */
const MAX_BYTES = 64 << 20
/** A digest of SHA-256: the hash of what has passwords here. */
const MAX_PASSWORD = 32

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

/** The secret of a flag: `file:PATH` without the line's end, or `env:NAME`. Nothing where the flag is left out. */
export function readSecret(source: string | undefined): Buffer {
  if (source === undefined) return Buffer.alloc(0)
  const [kind, rest] = [source.slice(0, source.indexOf(':')), source.slice(source.indexOf(':') + 1)]
  const secret = kind === 'env' ? fromEnvironment(rest) : withoutLineEnd(readInput(rest, MAX_PASSWORD + 2))
  if (secret.length === 0) throw new ThymusError('USAGE', 'the password is empty', { at: source })
  if (secret.length > MAX_PASSWORD) throw new ThymusError('USAGE', `a TPM takes passwords of ${MAX_PASSWORD} bytes at most`, { at: source })
  return secret
}

function fromEnvironment(name: string): Buffer {
  const value = process.env[name]
  if (value === undefined) throw new ThymusError('USAGE', 'there is no such variable', { at: `env:${name}` })
  return Buffer.from(value)
}

function withoutLineEnd(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1')
  return bytes.subarray(0, text.replace(/\r?\n$/, '').length)
}
