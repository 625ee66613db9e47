import { LIMITS } from '../../core/limits.ts'
import type { Database } from './database.ts'

/** `age` is in ms; the column that is held against it may be in minutes. */
const KEEP = [
  { table: 'findings', by: 'at', unit: 1, age: LIMITS.findingsFor, rows: LIMITS.findings },
  { table: 'decisions', by: 'minute', unit: 60_000, age: LIMITS.decisionsFor, rows: LIMITS.decisions },
  { table: 'flows', by: 'last', unit: 1, age: LIMITS.flowsFor, rows: LIMITS.flows },
  { table: 'generations', by: 'number', unit: 1, age: Number.POSITIVE_INFINITY, rows: LIMITS.generations },
] as const

/** Rows that may be written between two calls, so that a flood grows a table by no more than that. */
export const RETAIN_AFTER = 10_000
/** Rows that go at once, tens of ms: more than can have come. What is left over goes the next time. */
const CHUNK = 2 * RETAIN_AFTER

/** Deletes what is too old, then the oldest of what is too much. Inside the caller's transaction. */
export function retain(database: Database, now: number): void {
  for (const { table, by, unit, age, rows } of KEEP) {
    database.run(
      `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE ${by} < ? ORDER BY ${by} LIMIT ${CHUNK})`,
      Number.isFinite(age) ? (now - age) / unit : -1,
    )
    const { count } = database.get(`SELECT count(*) AS count FROM ${table}`) as { count: number }
    if (count <= rows) continue
    const surplus = Math.min(count - rows, CHUNK)
    database.run(`DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} ORDER BY ${by} LIMIT ?)`, surplus)
  }
}
