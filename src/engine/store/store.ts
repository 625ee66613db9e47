// What the agent remembers, in one SQLite file. What people asked for (policies, workloads) is kept or refused; what the world did
// (decisions, findings, flows) is kept or counted as lost. Raw events are in segments.ts.

import { ThymusError } from '../../core/errors.ts'
import type { Finding, Severity } from '../../core/finding.ts'
import { SEVERITIES } from '../../core/finding.ts'
import type { Labels } from '../../core/labels.ts'
import type { Policy } from '../../core/policy.ts'
import type { Reason } from '../../core/verdict.ts'
import type { Anchor, Mode, Namespaces, Workload } from '../../core/workload.ts'
import type { Batch, Flow, Losses, RememberedDecision } from './batch.ts'
import { BatchWriter, decisionOf, flowOf, NOTHING_LOST, plus, sizeOf } from './batch.ts'
import type { Row } from './database.ts'
import { Database } from './database.ts'
import { RETAIN_AFTER, retain } from './retention.ts'

/** A policy with the text that it came from, so that it can be read again, shown and explained. */
export interface HeldPolicy {
  readonly policy: Policy
  readonly text: string
  /** What the caller asked for over what the text says. */
  readonly mode: Mode | null
  readonly by: number
  readonly at: number
}

/** All that one `apply` changes and a roll-back brings back. */
export interface PolicySet {
  readonly held: ReadonlyMap<string, HeldPolicy>
  readonly namespaces: Namespaces
}

export interface Unconfirmed {
  readonly until: number
  readonly former: PolicySet
}

export interface StoreOptions {
  /** ms since 1970. */
  readonly now: () => number
  /** The kernel's boot id: positions in rings and open connections do not outlive it. */
  readonly boot: string
  /** A damaged file was set aside while in use: what is still in memory should be saved again. Not called for one found on opening. */
  readonly onReplaced?: () => void
}

/** They are kept by the minute, so that old ones can go. */
const DECISIONS = `
  SELECT decision, process, target, alike.count, alike.first, alike.last FROM decisions JOIN (
    SELECT max(id) AS id, sum(count) AS count, min(first) AS first, max(last) AS last FROM decisions GROUP BY subject, rule, target
  ) AS alike USING (id) ORDER BY alike.last DESC, id DESC LIMIT ?`

export class Store {
  readonly #database: Database
  readonly #options: StoreOptions
  readonly #writer: BatchWriter
  readonly #replaced: Reason[] = []
  #full: Reason | undefined
  #lost: Losses
  #unsavedLosses = false
  #rows = RETAIN_AFTER

  /**
   * Opens or makes the file; `notices` tells if a damaged one was set aside.
   * @throws ThymusError AGENT_SECOND, STATE_FULL, STATE_NEWER as `Database` does
   */
  constructor(path: string, options: StoreOptions) {
    this.#options = options
    let opening = true
    this.#database = new Database(path, {
      now: options.now,
      onReplaced: (notice) => {
        this.#replaced.push(notice)
        if (opening) return
        this.#attempt(() => this.#enterBoot())
        this.#unsavedLosses = true
        options.onReplaced?.()
      },
    })
    opening = false
    this.#writer = new BatchWriter(this.#database)
    this.#lost = this.setting<Losses>('lost') ?? NOTHING_LOST
    this.#attempt(() => this.#enterBoot())
  }

  /** What a user should know of the store itself; empty when all is well. */
  get notices(): readonly Reason[] {
    return this.#full === undefined ? this.#replaced : [...this.#replaced, this.#full]
  }

  /** What could not be stored, ever. */
  get lost(): Losses {
    return this.#lost
  }

  /** Replaces the policies in force, and what comes back unless they are confirmed. @throws ThymusError STATE_FULL; the former are then kept */
  savePolicies(now: PolicySet, unconfirmed: Unconfirmed | null): void {
    this.#change(() => {
      for (const table of ['policies', 'namespaces']) this.#database.run(`DELETE FROM ${table}`)
      this.#insertSet(0, now)
      if (unconfirmed !== null) this.#insertSet(1, unconfirmed.former)
      this.#database.run('DELETE FROM sources WHERE id NOT IN (SELECT source FROM policies)')
      this.#set('unconfirmed', unconfirmed?.until ?? null)
    })
  }

  policies(): { readonly now: PolicySet; readonly unconfirmed: Unconfirmed | null } {
    const until = this.setting<number | null>('unconfirmed') ?? null
    return { now: this.#readSet(0), unconfirmed: until === null ? null : { until, former: this.#readSet(1) } }
  }

  /** @throws ThymusError STATE_FULL */
  saveWorkload({ slot, namespace, name, labels, mode, anchor, image, addresses }: Workload): void {
    const values = [slot, namespace, name, JSON.stringify(labels), mode, anchorText(anchor), image ?? null, JSON.stringify(addresses)]
    this.#change(() => {
      this.#database.run('DELETE FROM workloads WHERE slot = ? OR (namespace = ? AND name = ?)', slot, namespace, name)
      this.#database.run('INSERT INTO workloads VALUES (?, ?, ?, ?, ?, ?, ?, ?)', ...values)
    })
  }

  /** @throws ThymusError STATE_FULL */
  dropWorkload({ namespace, name }: Pick<Workload, 'namespace' | 'name'>): void {
    this.#change(() => this.#database.run('DELETE FROM workloads WHERE namespace = ? AND name = ?', namespace, name))
  }

  workloads(): Workload[] {
    return this.#database.all('SELECT * FROM workloads ORDER BY slot').map(workloadOf)
  }

  /** Puts down that a generation came into force. It is there already where an agent took over. @throws ThymusError STATE_FULL */
  saveGeneration(number: number): void {
    this.#change(() => this.#database.run('INSERT OR IGNORE INTO generations VALUES (?, ?)', number, this.#options.now()))
  }

  /** The newest first. */
  generations(limit: number): { readonly number: number; readonly at: number }[] {
    const rows = this.#database.all('SELECT number, applied_at FROM generations ORDER BY number DESC LIMIT ?', limit)
    return rows.map((row) => ({ number: row.number as number, at: row.applied_at as number }))
  }

  /** @throws ThymusError STATE_FULL */
  saveSetting(name: string, value: unknown): void {
    this.#change(() => this.#set(name, value))
  }

  setting<T>(name: string): T | undefined {
    const row = this.#database.get('SELECT value FROM settings WHERE name = ?', name)
    return row === undefined ? undefined : (JSON.parse(row.value as string) as T)
  }

  /**
   * Stores what a batch of events came to, and up to where the rings were read, in one transaction: an event is stored once however often it
   * is read. Says whether it could; if not, the batch is counted as lost, and reads and verdicts are untouched.
   */
  write(batch: Batch): boolean {
    const stored = this.#attempt(() =>
      this.#database.transaction(() => {
        this.#writer.write(batch)
        if (this.#unsavedLosses) this.#set('lost', this.#lost)
        if (this.#rows >= RETAIN_AFTER) retain(this.#database, this.#options.now())
      }),
    )
    if (stored) this.#rows = (this.#rows >= RETAIN_AFTER ? 0 : this.#rows) + rowsOf(batch)
    else this.#lost = plus(this.#lost, sizeOf(batch))
    this.#unsavedLosses = !stored
    return stored
  }

  /** Bytes of a ring whose events are stored. */
  position(ring: string): number {
    return (this.#database.get('SELECT position FROM rings WHERE ring = ?', ring)?.position as number | undefined) ?? 0
  }

  /** Events received since boot, by program and CPU. */
  received(): { readonly program: number; readonly cpu: number; readonly count: number }[] {
    return this.#database.all('SELECT program, cpu, count FROM received').map((row) => ({ ...row }) as never)
  }

  /** The newest first. */
  findings(wanted: { readonly severity?: Severity; readonly about?: string; readonly since?: number; readonly limit: number }): Finding[] {
    const rows = this.#database.all(
      'SELECT finding FROM findings WHERE severity >= ? AND at >= ? AND about = coalesce(?, about) ORDER BY at DESC LIMIT ?',
      wanted.severity === undefined ? 0 : SEVERITIES.indexOf(wanted.severity),
      wanted.since ?? 0,
      wanted.about ?? null,
      wanted.limit,
    )
    return rows.map((row) => JSON.parse(row.finding as string) as Finding)
  }

  finding(id: string): Finding | undefined {
    const row = this.#database.get('SELECT finding FROM findings WHERE id = ?', id)
    return row === undefined ? undefined : (JSON.parse(row.finding as string) as Finding)
  }

  /** The newest first. */
  decisions(limit: number): RememberedDecision[] {
    return this.#database.all(DECISIONS, limit).map(decisionOf)
  }

  /** What was seen last comes first. */
  flows(limit: number): Flow[] {
    return this.#database.all('SELECT * FROM flows ORDER BY last DESC LIMIT ?', limit).map(flowOf)
  }

  close(): void {
    if (this.#unsavedLosses) this.#attempt(() => this.#set('lost', this.#lost))
    this.#unsavedLosses = false
    this.#database.close()
  }

  #enterBoot(): void {
    const { boot } = this.#options
    if (this.setting('boot') === boot) return
    this.#database.transaction(() => {
      for (const table of ['rings', 'received']) this.#database.run(`DELETE FROM ${table}`)
      this.#database.run('UPDATE flows SET closed = opened WHERE closed < opened')
      this.#set('boot', boot)
    })
  }

  /** @throws ThymusError STATE_FULL */
  #change(work: () => void): void {
    this.#database.transaction(work)
    this.#full = undefined
  }

  #attempt(work: () => void): boolean {
    try {
      work()
      this.#full = undefined
      return true
    } catch (error) {
      if (!(error instanceof ThymusError && error.code === 'STATE_FULL')) throw error
      this.#full ??= { code: 'STATE_FULL', text: `${error.message}; what is seen is counted as lost, verdicts stay in force` }
      return false
    }
  }

  #set(name: string, value: unknown): void {
    this.#database.run('INSERT OR REPLACE INTO settings VALUES (?, ?)', name, JSON.stringify(value))
  }

  #insertSet(former: number, { held, namespaces }: PolicySet): void {
    for (const [id, { policy, text, mode, by, at }] of held) {
      this.#database.run('INSERT OR IGNORE INTO sources (text) VALUES (?)', text)
      this.#database.run(
        'INSERT INTO policies SELECT ?, ?, ?, id, ?, ?, ?, ? FROM sources WHERE text = ?',
        ...[former, id, policy.source.file, mode, by, at, JSON.stringify(policy), text],
      )
    }
    for (const [name, labels] of namespaces) {
      this.#database.run('INSERT INTO namespaces VALUES (?, ?, ?)', former, name, JSON.stringify(labels))
    }
  }

  #readSet(former: number): PolicySet {
    const policies = this.#database.all(
      'SELECT policies.*, text FROM policies JOIN sources ON sources.id = source WHERE former = ?',
      former,
    )
    const namespaces = this.#database.all('SELECT name, labels FROM namespaces WHERE former = ?', former)
    return {
      held: new Map(policies.map((row) => [row.id as string, heldOf(row)])),
      namespaces: new Map(namespaces.map((row) => [row.name as string, JSON.parse(row.labels as string) as Labels])),
    }
  }
}

function rowsOf({ findings, decisions, flows }: Batch): number {
  return findings.length + decisions.length + flows.length
}

function heldOf(row: Row): HeldPolicy {
  return {
    policy: JSON.parse(row.policy as string) as Policy,
    text: row.text as string,
    mode: row.mode as Mode | null,
    by: row.applied_by as number,
    at: row.applied_at as number,
  }
}

function workloadOf(row: Row): Workload {
  return {
    name: row.name as string,
    namespace: row.namespace as string,
    labels: JSON.parse(row.labels as string) as Labels,
    slot: row.slot as number,
    mode: row.mode as Mode,
    anchor: anchorOf(row.anchor as string),
    ...(row.image === null ? {} : { image: row.image as string }),
    addresses: JSON.parse(row.addresses as string) as string[],
  }
}

/** JSON has no bigint: a group's number is written in digits. */
function anchorText(anchor: Anchor): string {
  return JSON.stringify(anchor.is === 'cgroup' ? { ...anchor, id: String(anchor.id) } : anchor)
}

function anchorOf(text: string): Anchor {
  const anchor = JSON.parse(text) as Anchor
  return anchor.is === 'cgroup' ? { ...anchor, id: BigInt(anchor.id) } : anchor
}
