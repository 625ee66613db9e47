// What a machine shows of confidential computing: files, devices and the kernel's log.
import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs'

export interface Machine {
  readonly exists: (path: string) => boolean
  /** The text of a file; undefined where it is not there. */
  readonly text: (path: string) => string | undefined
  /** Bytes of a device at an offset, as `/dev/cpu/0/msr` has registers. */
  readonly bytes: (path: string, offset: number, length: number) => Buffer
  /** What the kernel said since it booted. */
  readonly log: () => string
}

/** Kernels keep their log in memory; none keeps more. */
const LOG_SIZE = 64 << 20

export const thisMachine: Machine = {
  exists: existsSync,
  text: (path) => {
    try {
      return readFileSync(path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  },
  bytes: (path, offset, length) => {
    const fd = openSync(path, 'r')
    try {
      const bytes = Buffer.alloc(length)
      return bytes.subarray(0, readSync(fd, bytes, 0, length, offset))
    } finally {
      closeSync(fd)
    }
  },
  log: () => execFileSync('dmesg', { encoding: 'utf8', maxBuffer: LOG_SIZE, stdio: ['ignore', 'pipe', 'ignore'] }),
}
