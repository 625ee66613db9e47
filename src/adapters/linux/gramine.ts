// Files below /dev/attestation, which Gramine shows to a program in its enclave.
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { ThymusError } from '../../core/errors.ts'
import type { GramineFiles } from '../../layers/hardware/sgx/gramine-attestation.ts'

/** A quote is below 16 KiB. */
const LARGEST = 1 << 16

/** @param folder another one in tests */
export function gramineFiles(folder = '/dev/attestation'): GramineFiles {
  return {
    read(name) {
      const bytes = Buffer.alloc(LARGEST)
      return using(join(folder, name), 'r', (fd) => {
        let length = 0
        // Pseudo-files have no size of their own.
        for (let more = -1; more !== 0 && length < LARGEST; length += more) more = readSync(fd, bytes, length, LARGEST - length, null)
        return bytes.subarray(0, length)
      })
    },
    write(name, bytes) {
      const written = using(join(folder, name), 'r+', (fd) => writeSync(fd, bytes))
      if (written !== bytes.length) throw new ThymusError('EVIDENCE', 'it was not taken', { at: join(folder, name) })
    },
  }
}

function using<T>(path: string, flags: string, work: (fd: number) => T): T | undefined {
  let fd: number | undefined
  try {
    fd = openSync(path, flags)
    return work(fd)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new ThymusError('EVIDENCE', `it cannot be used (${(cause as NodeJS.ErrnoException).code})`, { at: path, cause })
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
