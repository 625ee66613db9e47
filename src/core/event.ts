// What the kernel observed, decoded. Field names are those of kernel/event.h where they mean the same.
import type { Effect } from './policy.ts'

/** A process is its number and its start: numbers are used again. Times are ns since boot; as a number exact for 104 days, then to 2 ns. */
export interface ProcessRef {
  readonly pid: number
  readonly started: number
}

export interface Task extends ProcessRef {
  readonly parent: ProcessRef
  readonly uid: number
  readonly euid: number
  readonly comm: string
}

/** What was decided by what is in force, and by all policies together (trial); no effect where no policy speaks of it. */
export interface Ruling {
  readonly generation: number
  readonly cookie: number
  readonly effect: Effect | null
  readonly trialCookie: number
  readonly trialEffect: Effect | null
  /** Slot of the workload whose policy decided: either end of a connection. */
  readonly ruler: number
  /** It was really stopped. */
  readonly enforced: boolean
}

interface Observed {
  /** Per CPU and program, without gaps. */
  readonly seq: number
  readonly cpu: number
  readonly program: number
  /** ns since boot. */
  readonly at: number
  /** The workload's place in the kernel's maps; 0 for none. */
  readonly slot: number
}

export interface ForkEvent extends Observed {
  readonly type: 'fork'
  readonly task: Task
}

export interface ExitEvent extends Observed {
  readonly type: 'exit'
  readonly task: Task
  /** As wait(2) gives it. */
  readonly status: number
}

export interface ExecEvent extends Observed {
  readonly type: 'exec'
  readonly task: Task
  readonly ruling: Ruling
  /** From the root of the mount namespace; of a memfd its name, without a slash. */
  readonly path: string
  /** As the caller gave it: a hint, not a proof. */
  readonly name: string
  readonly interpreter: string
  readonly cwd: string
  readonly argv: readonly string[]
  readonly inode: bigint
  readonly device: number
  readonly links: number
  readonly forms: readonly ExecForm[]
}

/** How an image lacks a lasting name (the first four), and what else was seen of the exec. */
export type ExecForm = 'unlinked' | 'unhashed' | 'shm' | 'script-fd' | 'by-fd' | 'no-path' | 'killed' | 'refused'
export const FILELESS_FORMS: readonly ExecForm[] = ['unlinked', 'unhashed', 'shm', 'script-fd']

export interface SocketEvent extends Observed {
  readonly type: 'connect' | 'accept' | 'close' | 'bind' | 'drop'
  /** Absent in a packet's context, which is nobody's time. */
  readonly task: Task | null
  readonly ruling: Ruling
  readonly cookie: bigint
  readonly netns: bigint
  /** This end started it. */
  readonly active: boolean
  readonly protocol: number
  readonly local: { readonly address: string; readonly port: number }
  readonly remote: { readonly address: string; readonly port: number }
  readonly peerSlot: number
  readonly bytesIn: number
  readonly bytesOut: number
}

export type Event = ForkEvent | ExitEvent | ExecEvent | SocketEvent
