import type { Mode, Selector } from './workload.ts'

/** Where something can be stopped. `connect` is traffic that a workload starts, `accept` traffic that somebody starts to it. */
export type Gate = 'exec' | 'open' | 'connect' | 'accept' | 'bind' | 'cred' | 'module' | 'admit' | 'release'

/** A place in a file that a person wrote; lines and columns count from one. */
export interface Span {
  readonly file: string
  readonly line: number
  readonly column: number
}

export type Effect = 'allow' | 'deny'
export type Protocol = 'TCP' | 'UDP' | 'SCTP'

/** An address range, IPv4 or IPv6, in CIDR notation, less some ranges inside it. */
export interface AddressBlock {
  readonly cidr: string
  readonly except: readonly string[]
}

/** The other end of traffic. */
export type Peer =
  | { readonly is: 'anyone' }
  | { readonly is: 'workloads'; readonly selector: Selector }
  | { readonly is: 'addresses'; readonly block: AddressBlock }

/** What a kernel can decide. A port range holds both ends; without one all ports are meant, and without a protocol all protocols. */
export type Predicate =
  | { readonly is: 'traffic'; readonly peer: Peer; readonly protocol?: Protocol; readonly ports?: readonly [first: number, last: number] }
  /** A file by its absolute path, or everything below a folder. */
  | { readonly is: 'path'; readonly path: string; readonly below: boolean }
  /** An image without a name in any directory, or on a file system that only exists in memory (DESIGN: fileless forms). */
  | { readonly is: 'fileless' }
  /** A file by the SHA-256 of its content, in hexadecimal. */
  | { readonly is: 'content'; readonly sha256: string }

/**
 * What a kernel or a door can decide. Among the rules that match, the highest rank wins; at equal rank a deny beats an allow.
 * `cookie` is unique among the rules of one policy.
 */
export interface Rule {
  readonly cookie: number
  readonly source: Span
  readonly gate: Gate
  readonly when: Predicate
  readonly effect: Effect
  readonly rank: number
}

/**
 * Rules for the workloads that `applies` selects. At the gates that it `isolates`, what no rule of any policy allows is denied, and the
 * denial names this policy; at other gates what no rule matches is allowed.
 */
export interface Policy {
  readonly id: string
  readonly kind: string
  readonly namespace: string
  /** Where it says whom it selects: the line that isolates them. */
  readonly source: Span
  readonly applies: Selector
  readonly isolates: readonly Gate[]
  readonly mode: Mode
  readonly rules: readonly Rule[]
}
