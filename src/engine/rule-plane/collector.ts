import type { Because } from '../../core/decision.ts'
import { ThymusError } from '../../core/errors.ts'
import type { PathClaim, TrafficClaim } from './contest.ts'
import type { Draft, PathGate, Saying, TrafficGate } from './draft.ts'
import { placeOf } from './draft.ts'
import type { PathEntry, TrafficEntry } from './tables.ts'
import { FILELESS_PATH, TABLE_LIMIT } from './tables.ts'

/** Takes what the compiler makes. What is more than fits is counted but not held, so that a refusal can say exactly how much it was. */
export class Collector {
  readonly traffic: TrafficEntry[] = []
  readonly paths: PathEntry[] = []
  readonly reasons = new Map<number, Because>()
  readonly #drafts: readonly Draft[]
  /** By cookie: which draft, and which of its rules; implicit denies follow behind all rules. */
  readonly #origins: (readonly [draft: number, because: Because])[] = []
  readonly #implicit = new Map<string, Saying>()
  readonly #count = { traffic: 0, paths: 0 }
  readonly #share = { traffic: new Map<number, number>(), paths: new Map<number, number>() }

  constructor(drafts: readonly Draft[]) {
    this.#drafts = drafts
    for (const [draft, { policy }] of drafts.entries()) {
      for (const rule of policy.rules) this.#origins.push([draft, { rule, policy: policy.id }])
    }
  }

  /** The deny of all that no rule allows, where these policies isolate. */
  implicitDeny(drafts: readonly number[]): Saying {
    const key = drafts.join()
    let saying = this.#implicit.get(key)
    if (saying === undefined) {
      this.#origins.push([drafts[0]!, { implicit: drafts.map((draft) => this.#drafts[draft]!.policy.id) }])
      saying = { cookie: this.#origins.length, rank: 0, effect: 'deny' }
      this.#implicit.set(key, saying)
    }
    return saying
  }

  addTraffic(subjects: readonly number[], gate: TrafficGate, trial: boolean, peer: number, claims: readonly TrafficClaim[]): void {
    for (const { rule, value, bits } of claims) {
      if (!this.#admit('traffic', rule.cookie, subjects.length)) continue
      for (const subject of subjects) {
        this.traffic.push({ subject, peer, gate, trial, protocol: value >>> 16, port: value & 0xffff, bits, ...rule })
      }
    }
  }

  addPaths(subjects: readonly number[], gate: PathGate, trial: boolean, claims: readonly PathClaim[]): void {
    for (const { rule, path } of claims) {
      if (!this.#admit('paths', rule.cookie, subjects.length)) continue
      const whole = path === FILELESS_PATH || !(path === '' || path.endsWith('/'))
      const at = gate === 'module' ? { gate } : {}
      for (const subject of subjects) this.paths.push({ subject, ...at, trial, path, whole, ...rule })
    }
  }

  /** @throws ThymusError POLICY_LIMIT if anything did not fit */
  finish(): void {
    for (const table of ['traffic', 'paths'] as const) {
      const needed = this.#count[table]
      if (needed <= TABLE_LIMIT.entries) continue
      throw tooMany(
        `the policies need ${comma(needed)} entries in the table of ${table}, and ${comma(TABLE_LIMIT.entries)} fit`,
        this.#drafts,
        this.#share[table],
      )
    }
  }

  #admit(table: 'traffic' | 'paths', cookie: number, entries: number): boolean {
    const [draft, because] = this.#origins[cookie - 1]!
    this.#count[table] += entries
    this.#share[table].set(draft, (this.#share[table].get(draft) ?? 0) + entries)
    if (this.#count[table] > TABLE_LIMIT.entries) return false
    this.reasons.set(cookie, because)
    return true
  }
}

/** Names the policy with the largest share, and its place. */
export function tooMany(message: string, drafts: readonly Draft[], shares: ReadonlyMap<number, number>): ThymusError {
  const [draft, share] = [...shares].reduce((one, other) => (other[1] > one[1] ? other : one))
  const { policy } = drafts[draft]!
  return new ThymusError('POLICY_LIMIT', `${message}; the largest policy is ${policy.id} with ${comma(share)}`, { at: placeOf(policy) })
}

export function comma(number: number): string {
  return number.toLocaleString('en-US')
}
