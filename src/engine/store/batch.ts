import type { Because, Decision, Request } from '../../core/decision.ts'
import type { Finding } from '../../core/finding.ts'
import { SEVERITIES } from '../../core/finding.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Database, Row } from './database.ts'

/** What one batch of events came to, and how far the rings were read for it. Times are ms since 1970. */
export interface Batch {
  readonly findings: readonly Finding[]
  readonly decisions: readonly SeenDecision[]
  readonly flows: readonly FlowChange[]
  readonly rings: readonly { readonly ring: string; readonly position: number }[]
  /** Events of this batch, by program and CPU: added to those of before. */
  readonly received: readonly { readonly program: number; readonly cpu: number; readonly count: number }[]
  /** Where the raw events of this batch end (segments.ts). */
  readonly rawEnd?: { readonly segment: number; readonly offset: number }
}

export interface SeenDecision {
  readonly at: number
  readonly decision: Decision
  /** Who asked, as it should be shown. */
  readonly process: Readonly<Record<string, unknown>> | null
}

/** Decisions that are alike. */
export interface RememberedDecision {
  readonly count: number
  /** ms since 1970 */
  readonly first: number
  readonly last: number
  readonly decision: Decision
  /** One that asked. */
  readonly process: Readonly<Record<string, unknown>> | null
  /** Not just this target: a scan had more targets than are told apart. */
  readonly folded: boolean
}

/** What happened between two ends, whatever the number of connections. */
export interface FlowChange {
  readonly at: number
  /** Workloads as `namespace/name`, others by address; `from` started it. */
  readonly from: string
  readonly to: string
  readonly protocol: string
  readonly port: number
  readonly what: 'opened' | 'closed' | 'denied' | 'would deny'
  readonly bytesIn: number
  readonly bytesOut: number
  /** Null where nothing was decided, as at a close: what was before stays. */
  readonly because: string | null
}

export interface Flow extends Pick<FlowChange, 'from' | 'to' | 'protocol' | 'port' | 'bytesIn' | 'bytesOut'> {
  readonly because: string
  readonly open: number
  readonly closed: number
  readonly denied: number
  readonly wouldDeny: number
  readonly first: number
  readonly last: number
}

export interface Losses {
  readonly batches: number
  readonly findings: number
  readonly decisions: number
  readonly flows: number
}
export const NOTHING_LOST: Losses = { batches: 0, findings: 0, decisions: 0, flows: 0 }

export function sizeOf({ findings, decisions, flows }: Batch): Losses {
  return { batches: 1, findings: findings.length, decisions: decisions.length, flows: flows.length }
}

export function plus(one: Losses, other: Losses): Losses {
  return {
    batches: one.batches + other.batches,
    findings: one.findings + other.findings,
    decisions: one.decisions + other.decisions,
    flows: one.flows + other.flows,
  }
}

/** A target that stands for all that were not told apart any more. */
const FOLDED = '*'

const WHAT: readonly FlowChange['what'][] = ['opened', 'closed', 'denied', 'would deny']

const COUNT_DECISION = `
  INSERT INTO decisions (minute, subject, rule, target, count, first, last, decision, process) VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET count = count + 1, last = max(last, excluded.last)`
/** Bytes of a flow: what is larger could be written, and not be read again. */
const MOST_BYTES = Number.MAX_SAFE_INTEGER
const ADD_FLOW = `
  INSERT INTO flows ("from", "to", protocol, port, opened, closed, denied, would_deny, bytes_in, bytes_out, first, last, because)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce(?13, 'it began unseen'))
  ON CONFLICT DO UPDATE SET opened = opened + excluded.opened, closed = closed + excluded.closed, denied = denied + excluded.denied,
    would_deny = would_deny + excluded.would_deny, bytes_in = min(bytes_in + excluded.bytes_in, ${MOST_BYTES}),
    bytes_out = min(bytes_out + excluded.bytes_out, ${MOST_BYTES}), last = max(last, excluded.last), because = coalesce(?13, because)`

/** Writes batches, inside the caller's transaction. */
export class BatchWriter {
  readonly #database: Database
  /** How many targets of each (subject, rule) have a row in the present minute. */
  readonly #targets = new Map<string, Set<string>>()
  #minute = 0

  constructor(database: Database) {
    this.#database = database
  }

  write({ findings, decisions, flows, rings, received, rawEnd }: Batch): void {
    const run = this.#database.run.bind(this.#database)
    for (const finding of findings) {
      const { id, at, severity, code, about } = finding
      run('INSERT OR IGNORE INTO findings VALUES (?, ?, ?, ?, ?, ?)', id, at, SEVERITIES.indexOf(severity), code, about, toJson(finding))
    }
    for (const { at, decision, process } of decisions) {
      const [minute, subject] = [Math.floor(at / 60_000), decision.request.subject]
      const rule = `${decision.enforced ? '' : 'not enforced: '}${ruleOf(decision.because)}`
      const target = this.#fold(minute, `${subject}\n${rule}`, targetOf(decision.request))
      run(COUNT_DECISION, minute, subject, rule, target, at, at, toJson(decision), process === null ? null : toJson(process))
    }
    for (const { from, to, protocol, port, counts, bytesIn, bytesOut, first, last, because } of summed(flows)) {
      const bytes = [bytesIn, bytesOut].map((each) => Math.min(each, MOST_BYTES))
      run(ADD_FLOW, from, to, protocol, port, ...counts, ...bytes, first, last, because)
    }
    for (const { ring, position } of rings) run('INSERT OR REPLACE INTO rings VALUES (?, ?)', ring, position)
    for (const { program, cpu, count } of received) {
      run('INSERT INTO received VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count', program, cpu, count)
    }
    if (rawEnd !== undefined) run("INSERT OR REPLACE INTO settings VALUES ('rawEnd', ?)", JSON.stringify(rawEnd))
  }

  /** A flood of targets (a port scan, made-up paths) becomes one row, so that it cannot fill the disk. */
  #fold(minute: number, key: string, target: string): string {
    if (minute > this.#minute) {
      this.#targets.clear()
      this.#minute = minute
    }
    const targets = this.#targets.get(key) ?? new Set()
    this.#targets.set(key, targets)
    if (targets.size >= LIMITS.targetsPerRule && !targets.has(target)) return FOLDED
    targets.add(target)
    return target
  }
}

export function decisionOf(row: Row): RememberedDecision {
  return {
    count: row.count as number,
    first: row.first as number,
    last: row.last as number,
    decision: JSON.parse(row.decision as string) as Decision,
    process: row.process === null ? null : (JSON.parse(row.process as string) as Record<string, unknown>),
    folded: row.target === FOLDED,
  }
}

export function flowOf(row: Row): Flow {
  const [opened, closed] = [row.opened as number, row.closed as number]
  return {
    from: row.from as string,
    to: row.to as string,
    protocol: row.protocol as string,
    port: row.port as number,
    // A connection from before the agent started is seen to close only.
    open: Math.max(0, opened - closed),
    closed,
    denied: row.denied as number,
    wouldDeny: row.would_deny as number,
    bytesIn: row.bytes_in as number,
    bytesOut: row.bytes_out as number,
    first: row.first as number,
    last: row.last as number,
    because: row.because as string,
  }
}

interface FlowSum extends Pick<FlowChange, 'from' | 'to' | 'protocol' | 'port'> {
  readonly counts: [opened: number, closed: number, denied: number, wouldDeny: number]
  bytesIn: number
  bytesOut: number
  readonly first: number
  last: number
  because: string | null
}

/** One row a flow, however many of its connections came and went in a batch. */
function summed(changes: readonly FlowChange[]): Iterable<FlowSum> {
  const sums = new Map<string, FlowSum>()
  for (const { from, to, protocol, port, what, bytesIn, bytesOut, at, because } of changes) {
    const key = `${from}\n${to}\n${protocol}\n${port}`
    let sum = sums.get(key)
    if (sum === undefined) {
      sum = { from, to, protocol, port, counts: [0, 0, 0, 0], bytesIn: 0, bytesOut: 0, first: at, last: at, because }
      sums.set(key, sum)
    }
    sum.counts[WHAT.indexOf(what)]!++
    sum.bytesIn += bytesIn
    sum.bytesOut += bytesOut
    sum.last = Math.max(sum.last, at)
    sum.because = because ?? sum.because
  }
  return sums.values()
}

/** Nouns as JSON; a bigint (an inode) is written in digits. */
function toJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each))
}

function ruleOf(because: Because): string {
  if ('rule' in because) return `${because.policy}#${because.rule.cookie}`
  if ('implicit' in because) return `implicit ${because.implicit.join(' ')}`
  return 'unknown' in because ? `unknown ${because.unknown.code}` : 'free'
}

/** Paths as JSON: SQLite would make the same text of all that is no UTF-8. */
function targetOf(request: Request): string {
  if (request.gate === 'exec') return `exec ${toJson(request.path)}`
  if (request.gate === 'module') return `module ${request.sha256 ?? ''} ${toJson(request.path ?? '')}`
  const { workload, address } = request.peer
  return `${workload ?? address ?? ''} ${request.protocol} ${request.port}`
}
