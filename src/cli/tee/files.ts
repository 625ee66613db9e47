import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { ThymusError } from '../../core/errors.ts'
import { MIB } from '../../core/limits.ts'

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
