import type { Because } from '../../core/decision.ts'
import type { Effect } from '../../core/policy.ts'

// One generation of policy as the kernel reads it. Field for field the tables of kernel/rule.h, with numbers still in host order;
// how they become bytes is the kernel adapter's business.

/** kernel/rule.h enum gate. The other gates of the design have no table yet. */
export const GATE_NUMBER = { connect: 1, accept: 2, bind: 3, exec: 4, module: 5 } as const
export type TableGate = keyof typeof GATE_NUMBER

/** IP protocol numbers. */
export const PROTOCOL_NUMBER = { TCP: 6, UDP: 17, SCTP: 132 } as const

/** kernel/rule.h enum identity. */
export const IDENTITY = { any: 0, host: 1, first: 16, block: 1 << 24 } as const

/** kernel/rule.h: what a table can hold. */
export const TABLE_LIMIT = { slots: 16_384, entries: 1 << 20, pathBytes: 248 } as const

/** Gates are sets of bits, `1 << GATE_NUMBER[gate]`: where there is anything to look up. */
export interface SubjectEntry {
  readonly slot: number
  readonly identity: number
  readonly enforcedGates: number
  readonly trialGates: number
  /** Gates at which no rule names an address block: a decision there needs to know who the peer is, but not its address. */
  readonly plainGates: number
}

/** `address` has 16 bytes, IPv4 as ::ffff:a.b.c.d; `bits` of 128 are the prefix. */
export interface PlaceEntry {
  readonly address: Uint8Array
  readonly bits: number
  readonly block: number
  readonly slot: number
}

export interface RuleValue {
  /** Key of `Tables.reasons`. */
  readonly cookie: number
  readonly rank: number
  readonly effect: Effect
  /** A denial by it is told of; else it is only counted. */
  readonly report: boolean
}

/** `bits` says how much of protocol (8) and port (16) the entry fixes: 0, 8, or 8 + the bits of a port prefix. */
export interface TrafficEntry extends RuleValue {
  readonly subject: number
  readonly peer: number
  readonly gate: Exclude<TableGate, 'exec' | 'module'>
  readonly trial: boolean
  readonly protocol: number
  readonly port: number
  readonly bits: number
}

/** At the gate of modules `path` is a digest (DIGEST_PATH), or empty. Else it ends with `/` and matches all below, or (`whole`) matches just itself; the empty path matches everything. */
export interface PathEntry extends RuleValue {
  readonly subject: number
  /** That of exec where it is left out. */
  readonly gate?: 'module'
  readonly trial: boolean
  readonly path: string
  readonly whole: boolean
}

export const FILELESS_PATH = 'fileless:'
export const DIGEST_PATH = 'sha256:'

/** As subject: the node itself, at gates that are no workload's (kernel/rule.h, SLOT_NODE). */
export const NODE_SLOT = 0

export interface Tables {
  readonly subjects: readonly SubjectEntry[]
  readonly places: readonly PlaceEntry[]
  readonly traffic: readonly TrafficEntry[]
  readonly paths: readonly PathEntry[]
  /** Why each cookie decides as it does; cookies are unique within a generation, and 0 is never used. */
  readonly reasons: ReadonlyMap<number, Because>
}
