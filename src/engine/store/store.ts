// What the agent remembers, in SQLite: policies, workloads, findings, decisions, flows, and how far the rings have been read. Raw events
// are in segments.ts. Writes of one batch of events are one transaction, so that no event is stored twice.
import { existsSync, renameSync, rmSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { ThymusError } from '../../core/errors.ts'
import type { Finding } from '../../core/finding.ts'

/** Raised with every change of the tables below; `user_version` tells which one a file has. */
const SCHEMA_VERSION = 1
const SCHEMA = `
create table policies (id text primary key, held text not null) strict;
create table namespaces (name text primary key, labels text not null) strict;
create table workloads (id text primary key, workload text not null) strict;
create table settings (name text primary key, value text not null) strict;
create table rings (ring text primary key, position integer not null, received text not null) strict;
create table findings (id text primary key, at integer not null, severity text not null, code text not null, finding text not null) strict;
create index findings_at on findings (at);
create table decisions (id integer primary key, minute integer not null, key text not null, count integer not null, decision text not null,
  unique (minute, key)) strict;
create table flows (key text primary key, last integer not null, flow text not null) strict;
`
/** Rows beyond which the oldest go, in tables that the world fills and not the user. */
const KEEP = { findings: 100_000, decisions: 100_000, flows: 50_000 } as const
const TIDY_EVERY = 1_000

/** One transaction's worth of what was seen. */
export interface Batch {
  readonly findings: readonly Finding[]
  /** Counted per minute and key. */
  readonly decisions: readonly { readonly key: string; readonly decision: unknown }[]
  readonly flows: readonly { readonly key: string; readonly flow: unknown }[]
  readonly rings: readonly { readonly ring: string; readonly position: number; readonly received: unknown }[]
}

export class Store {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  #batches = 0
  /** What a user should know of the store itself; empty when all is well. */
  readonly notices: string[] = []
  /** Batches that could not be written. */
  lost = 0

  private constructor(db: DatabaseSync) {
    this.#db = db
  }

  /** Opens or makes the database. A damaged one is set aside under another name, never lost, and a new one begun; `notices` tells. */
  static open(path: string, now: number): Store {
    try {
      return new Store(opened(path))
    } catch (error) {
      if (!existsSync(path)) throw error
      const aside = `${path}.corrupt-${new Date(now).toISOString().replace(/[:.]/g, '-')}`
      renameSync(path, aside)
      for (const rest of ['-wal', '-shm']) rmSync(path + rest, { force: true })
      const store = new Store(opened(path))
      store.notices.push(
        `STATE_CORRUPT: the database was damaged (${messageOf(error)}); it is kept as ${aside}, and policies must be applied again`,
      )
      return store
    }
  }

  /** Replaces the whole of a table of JSON values by key. */
  replace(table: 'policies' | 'namespaces', values: ReadonlyMap<string, unknown>): void {
    const column = { policies: 'held', namespaces: 'labels' }[table]
    const id = { policies: 'id', namespaces: 'name' }[table]
    this.#transaction(() => {
      this.#run(`delete from ${table}`)
      for (const [key, value] of values) this.#run(`insert into ${table} (${id}, ${column}) values (?, ?)`, key, JSON.stringify(value))
    })
  }

  all<T>(table: 'policies' | 'namespaces' | 'workloads'): Map<string, T> {
    const rows = this.#prepare(`select * from ${table}`)
      .all()
      .map((row) => Object.values(row) as [string, string])
    return new Map(rows.map(([key, value]) => [key, JSON.parse(value) as T]))
  }

  saveWorkload(id: string, workload: unknown): void {
    this.#run('insert or replace into workloads values (?, ?)', id, JSON.stringify(workload))
  }

  dropWorkload(id: string): void {
    this.#run('delete from workloads where id = ?', id)
  }

  set(name: string, value: unknown): void {
    this.#run('insert or replace into settings values (?, ?)', name, JSON.stringify(value))
  }

  get<T>(name: string): T | undefined {
    const row = this.#prepare('select value from settings where name = ?').get(name)
    return row === undefined ? undefined : (JSON.parse(row.value as string) as T)
  }

  ring(name: string): { readonly position: number; readonly received: unknown } | undefined {
    const row = this.#prepare('select position, received from rings where ring = ?').get(name)
    return row === undefined ? undefined : { position: Number(row.position), received: JSON.parse(row.received as string) }
  }

  /** Stores what a batch of events came to; says whether it could. On a full disk it is counted as lost, and verdicts are untouched. */
  write(batch: Batch, now: number): boolean {
    try {
      this.#transaction(() => this.#insert(batch, Math.floor(now / 60_000)))
      const recovered = this.notices.findIndex((notice) => notice.startsWith('STATE_FULL'))
      if (recovered >= 0) this.notices.splice(recovered, 1)
      return true
    } catch (error) {
      this.lost++
      if (!this.notices.some((notice) => notice.startsWith('STATE_FULL'))) {
        this.notices.push(`STATE_FULL: the database takes no writes (${messageOf(error)}); what is seen is counted and not stored`)
      }
      return false
    }
  }

  findings(limit = 1_000): Finding[] {
    return this.#prepare('select finding from findings order by at desc limit ?')
      .all(limit)
      .map((row) => JSON.parse(row.finding as string) as Finding)
  }

  finding(id: string): Finding | undefined {
    const row = this.#prepare('select finding from findings where id = ?').get(id)
    return row === undefined ? undefined : (JSON.parse(row.finding as string) as Finding)
  }

  decisions<T>(limit = 1_000): { readonly id: number; readonly minute: number; readonly count: number; readonly decision: T }[] {
    return this.#prepare('select id, minute, count, decision from decisions order by id desc limit ?')
      .all(limit)
      .map((row) => ({
        id: Number(row.id),
        minute: Number(row.minute),
        count: Number(row.count),
        decision: JSON.parse(row.decision as string) as T,
      }))
  }

  flows<T>(limit = 1_000): T[] {
    return this.#prepare('select flow from flows order by last desc limit ?')
      .all(limit)
      .map((row) => JSON.parse(row.flow as string) as T)
  }

  close(): void {
    this.#db.close()
  }

  #insert(batch: Batch, minute: number): void {
    for (const finding of batch.findings) {
      const { id, at, severity, code } = finding
      this.#run('insert or replace into findings values (?, ?, ?, ?, ?)', id, at, severity, code, JSON.stringify(finding))
    }
    for (const { key, decision } of batch.decisions) {
      this.#run(
        'insert into decisions (minute, key, count, decision) values (?, ?, 1, ?) on conflict (minute, key) do update set count = count + 1',
        minute,
        key,
        JSON.stringify(decision),
      )
    }
    for (const { key, flow } of batch.flows) this.#run('insert or replace into flows values (?, ?, ?)', key, minute, JSON.stringify(flow))
    for (const { ring, position, received } of batch.rings) {
      this.#run('insert or replace into rings values (?, ?, ?)', ring, position, JSON.stringify(received))
    }
    if (++this.#batches % TIDY_EVERY === 0) this.#tidy()
  }

  #tidy(): void {
    for (const [table, keep] of Object.entries(KEEP)) {
      this.#run(`delete from ${table} where rowid in (select rowid from ${table} order by rowid desc limit -1 offset ?)`, keep)
    }
  }

  #transaction(work: () => void): void {
    this.#db.exec('begin immediate')
    try {
      work()
      this.#db.exec('commit')
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('rollback')
      throw error
    }
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#prepare(sql).run(...values)
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

function opened(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: 2_000 })
  try {
    db.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on')
    const check = db.prepare('pragma quick_check').get()
    if (check?.quick_check !== 'ok') throw new ThymusError('STATE_CORRUPT', String(check?.quick_check))
    const version = Number(db.prepare('pragma user_version').get()!.user_version)
    if (version > SCHEMA_VERSION) throw new ThymusError('STATE_CORRUPT', `schema ${version} is newer than this program's ${SCHEMA_VERSION}`)
    if (version === 0) db.exec(`begin; ${SCHEMA} pragma user_version = ${SCHEMA_VERSION}; commit`)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
