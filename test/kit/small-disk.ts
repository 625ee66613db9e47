// A real file system with little room, for what has to survive a full disk.
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

const BLOCK = 4096

export class SmallDisk {
  readonly folder: string
  readonly #ballast: string

  private constructor(folder: string) {
    this.folder = folder
    this.#ballast = join(folder, 'ballast')
  }

  /** Mounts a tmpfs of `size` bytes and unmounts it when the test ends. Skips, with the reason, where nothing may be mounted. */
  static mount(t: TestContext, size: number): SmallDisk | undefined {
    const folder = mkdtempSync(join(tmpdir(), 'thymus-small-disk-'))
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'thymus-small-disk', folder], { encoding: 'utf8' })
    if (mounted.status === 0) {
      t.after(() => {
        spawnSync('umount', ['--lazy', folder])
        rmdirSync(folder)
      })
      return new SmallDisk(folder)
    }
    rmdirSync(folder)
    t.skip(`cannot mount a tmpfs: ${(mounted.stderr ?? String(mounted.error)).trim()}`)
    return undefined
  }

  /** Takes all the room that is left. */
  fill(): void {
    const file = openSync(this.#ballast, 'a')
    try {
      for (;;) writeSync(file, Buffer.alloc(BLOCK))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    } finally {
      closeSync(file)
    }
  }

  /** Gives it back. */
  free(): void {
    rmSync(this.#ballast, { force: true })
  }
}
