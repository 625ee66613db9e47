import { closeSync, existsSync, openSync, renameSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { ThymusError } from '../../core/errors.ts'
import { MIB } from '../../core/limits.ts'
import type { Reason } from '../../core/verdict.ts'
import { MIGRATIONS } from './schema.ts'

export type Row = Readonly<Record<string, SQLOutputValue>>

export interface DatabaseOptions {
  /** ms since 1970. */
  readonly now: () => number
  /** A damaged database was set aside and an empty one begun, while it was open or on opening. */
  readonly onReplaced?: (notice: Reason) => void
}

/** A former agent that is just ending holds the file for less. ms. */
const BUSY_TIMEOUT = 2_000

/**
 * A database file with one owner. SQLite holds the lock as long as it is open (locking_mode EXCLUSIVE), for two reasons: a second agent on
 * the same file is refused, and the index of the write-ahead log is in memory instead of in a shared file, so that a database can be opened
 * and read on a disk without a single free block, where the ordinary mode fails.
 *
 * A full disk is a state: reads go on, a write throws STATE_FULL with nothing half-written, and the next one tries again.
 * A damaged file is set aside under another name, at any time.
 */
export class Database {
  readonly #path: string
  readonly #options: DatabaseOptions
  readonly #statements = new Map<string, StatementSync>()
  #db: DatabaseSync

  /**
   * Opens or makes the file.
   * @throws ThymusError AGENT_SECOND if another process has it, STATE_FULL if there is no room to begin one, STATE_NEWER if a later version wrote it
   */
  constructor(path: string, options: DatabaseOptions) {
    this.#path = path
    this.#options = options
    try {
      this.#db = open(path)
    } catch (error) {
      if (kindOf(error) !== 'damaged') throw told(error, path)
      this.#db = this.#replaced(error)
    }
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#guarded(() => this.#prepare(sql).all(...values))
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#guarded(() => this.#prepare(sql).get(...values))
  }

  /** One change, or one of a transaction. @throws ThymusError STATE_FULL */
  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#guarded(() => Number(this.#prepare(sql).run(...values).changes))
  }

  /** All that `work` changes, or nothing. @throws ThymusError STATE_FULL */
  transaction<T>(work: () => T): T {
    return this.#guarded(() => {
      this.#db.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        this.#db.exec('COMMIT')
        return result
      } catch (error) {
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
        throw error
      }
    })
  }

  /** A clean end: the log is folded into the file if there is room. */
  close(): void {
    this.#statements.clear()
    if (this.#db.isOpen) this.#db.close()
  }

  /** Inside a transaction the outermost call answers for an error, so that what is retried is the whole. */
  #guarded<T>(work: () => T): T {
    if (this.#db.isTransaction) return work()
    try {
      return work()
    } catch (error) {
      if (kindOf(error) !== 'damaged') throw told(error, this.#path)
      this.#db = this.#replaced(error)
      return work()
    }
  }

  #replaced(error: unknown): DatabaseSync {
    this.#statements.clear()
    if (this.#db?.isOpen) this.#db.close()
    const aside = setAside(this.#path, this.#options.now())
    const fresh = openOrTell(this.#path)
    const text = `the database was damaged (${messageOf(error)}); it is kept as ${aside}, and an empty one was begun`
    this.#db = fresh
    this.#options.onReplaced?.({ code: 'STATE_CORRUPT', text })
    return fresh
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

function open(path: string): DatabaseSync {
  closeSync(openSync(path, 'a', 0o600)) // command lines hold secrets; the log is made with the file's permissions
  const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT, enableForeignKeyConstraints: true })
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE')
    const version = versionOf(db, path) // before anything is written: the file may be somebody else's
    // NORMAL: a loss of power may lose the last transactions, never the file. The log is cut back to its limit after a burst.
    // Temporary files would be made in folders that a confined mind may not write.
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = ${8 * MIB}`)
    const { quick_check: check } = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string }
    if (check !== 'ok') throw new Damage(check)
    for (const [done, step] of MIGRATIONS.entries()) {
      if (done >= version) db.exec(`BEGIN IMMEDIATE; ${step}; PRAGMA user_version = ${done + 1}; COMMIT`)
    }
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function openOrTell(path: string): DatabaseSync {
  try {
    return open(path)
  } catch (error) {
    throw told(error, path)
  }
}

function versionOf(db: DatabaseSync, path: string): number {
  const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number }
  if (version > MIGRATIONS.length) {
    throw new ThymusError('STATE_NEWER', `the database has version ${version}, this program knows ${MIGRATIONS.length}`, { at: path })
  }
  if (version === 0 && db.prepare('SELECT 1 FROM sqlite_schema').get() !== undefined) throw new Damage('it is no database of Thymus')
  return version
}

/** Renames the file, and with it a log that could not be folded in; never onto anything that is there. */
function setAside(path: string, now: number): string {
  const stamp = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  let aside = `${path}.corrupt-${stamp}`
  for (let again = 2; existsSync(aside); again++) aside = `${path}.corrupt-${stamp}-${again}`
  renameSync(path, aside)
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${aside}-wal`)
  return aside
}

class Damage extends Error {}

/** Primary result codes, and the extended ones that say otherwise: https://sqlite.org/rescode.html */
const BUSY = 5
const CANNOT_WRITE: readonly number[] = [/* READONLY */ 8, /* IOERR */ 10, /* FULL */ 13, /* CANTOPEN */ 14]
const DAMAGED: readonly number[] = [/* CORRUPT */ 11, /* NOTADB */ 26]
const IOERR_CORRUPTFS = 8458

function kindOf(error: unknown): 'busy' | 'full' | 'damaged' | undefined {
  if (error instanceof Damage) return 'damaged'
  const { errcode, code } = error as { errcode?: number; code?: string }
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EROFS') return 'full'
  if (errcode === undefined) return undefined
  if (DAMAGED.includes(errcode & 0xff) || errcode === IOERR_CORRUPTFS) return 'damaged'
  if ((errcode & 0xff) === BUSY) return 'busy'
  return CANNOT_WRITE.includes(errcode & 0xff) ? 'full' : undefined
}

function told(error: unknown, path: string): unknown {
  switch (kindOf(error)) {
    case 'busy':
      return new ThymusError('AGENT_SECOND', 'another process has the database open', { at: path, cause: error })
    case 'full':
      return new ThymusError('STATE_FULL', `the database takes no writes: ${messageOf(error)}`, { at: path, cause: error })
    default:
      return error
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
