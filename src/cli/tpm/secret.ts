import { ThymusError } from '../../core/errors.ts'
import { readInput } from '../files.ts'

/** A digest of SHA-256: the hash of what has passwords here. */
const MAX_PASSWORD = 32

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
