// What is kept of attestation keys: a folder, and in it a file for each key. A file is there whole or not at all, and of two verifications of a key
// that were at work at the same time the second is told.
import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, type Stats, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ThymusError, within } from '../../core/errors.ts'
import { MIB } from '../../core/limits.ts'
import { type Known, knownAfter, readKnown, writeKnown } from '../../crossings/attestation/known.ts'
import { attempt, readWhole } from '../files.ts'
import { note } from '../terminal.ts'
import { json } from './json.ts'

const OTHERS_MAY_WRITE = 0o022
/** How long another verification may take to write a few hundred bytes. */
const PATIENCE_MS = 5_000
const PAUSE_MS = 20

interface Kept {
  /** As it stands in the file; undefined where there is none. */
  readonly text: string | undefined
  readonly known: Known | undefined
}

export class KnownKeys {
  readonly #folder: string
  /** As they were when they were first asked for: one verification sees one state of a key. */
  readonly #kept = new Map<string, Kept>()

  /** @throws ThymusError KNOWN where others may write into the folder. One that is not there is made once there is something to keep. */
  constructor(folder: string) {
    this.#folder = folder
    const stat = attempt('KNOWN', folder, () => statSync(folder, { throwIfNoEntry: false }))
    if (stat !== undefined) checkFolder(folder, stat)
  }

  /** @throws ThymusError KNOWN for a file that is damaged, which it names */
  get(key: string): Known | undefined {
    const kept = this.#kept.get(key) ?? keptIn(this.#fileOf(key), key)
    this.#kept.set(key, kept)
    return kept.known
  }

  /**
   * Keeps what was learned.
   * @returns false where another verification was first: what was learned must be held to what that one kept
   * @throws ThymusError KNOWN
   */
  async keep(learned: readonly Known[]): Promise<boolean> {
    if (learned.length > 0) this.#make()
    for (const [key, all] of Map.groupBy(learned, ({ key }) => key)) {
      const known = knownAfter(this.get(key), all)
      const { text } = this.#kept.get(key)!
      const next = known && `${JSON.stringify(writeKnown(known), undefined, 2)}\n`
      if (next !== undefined && next !== text && !(await this.#replace(this.#fileOf(key), text, next))) return false
    }
    return true
  }

  #fileOf(key: string): string {
    const name = createHash('sha256').update(Buffer.from(key, 'hex')).digest('hex')
    return join(this.#folder, `${name}.json`)
  }

  #make(): void {
    const made = attempt('KNOWN', this.#folder, () => mkdirSync(this.#folder, { recursive: true, mode: 0o700 }))
    if (made !== undefined) note(`${this.#folder} is new: nothing was kept of any key before`)
  }

  /** The file beside it that holds the new text is the lock as well: whoever can make it may put it in place, and nobody else. */
  async #replace(file: string, old: string | undefined, next: string): Promise<boolean> {
    const lock = `${file}.lock`
    const fd = await claim(lock)
    let isLeft = true
    try {
      if (textOf(file) !== old) return false
      attempt('KNOWN', file, () => {
        writeFileSync(fd, next)
        fsyncSync(fd)
        renameSync(lock, file)
        isLeft = false
        flush(this.#folder)
      })
      return true
    } finally {
      closeSync(fd)
      if (isLeft) rmSync(lock, { force: true })
    }
  }
}

function checkFolder(at: string, stat: Stats): void {
  const wrong = (text: string) => new ThymusError('KNOWN', text, { at })
  if (!stat.isDirectory()) throw wrong('it is no folder')
  if (stat.uid !== process.geteuid!() && stat.uid !== 0) throw wrong('it belongs to another user')
  if ((stat.mode & OTHERS_MAY_WRITE) !== 0) throw wrong('others may write into it: chmod 700')
}

function keptIn(file: string, key: string): Kept {
  const text = textOf(file)
  if (text === undefined) return { text, known: undefined }
  return { text, known: within(file, () => readKnown(json(text, file, 'KNOWN'), key)) }
}

function textOf(file: string): string | undefined {
  try {
    return readWhole(file, MIB).toString('utf8')
  } catch (error) {
    if (!(error instanceof ThymusError)) throw error
    if (codeOf(error.cause) === 'ENOENT') return undefined
    throw new ThymusError('KNOWN', error.message, { at: file, cause: error })
  }
}

async function claim(lock: string): Promise<number> {
  for (const until = Date.now() + PATIENCE_MS; ; await sleep(PAUSE_MS)) {
    try {
      return openSync(lock, 'wx', 0o600)
    } catch (cause) {
      if (codeOf(cause) !== 'EEXIST') throw new ThymusError('KNOWN', `it cannot be made (${codeOf(cause)})`, { at: lock, cause })
      if (Date.now() >= until)
        throw new ThymusError('KNOWN', 'another verification holds it; if none is at work, remove it', { at: lock, cause })
    }
  }
}

/** A name lasts once its folder is on the disk. */
function flush(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException | undefined)?.code
