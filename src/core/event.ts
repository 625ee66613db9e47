// What the kernel observed, decoded. Field names are those of kernel/event.h where they mean the same.
//
// Numbers. Times, sequences and byte counts have 64 bits there and are `number` here. Counts never reach 2^53. A time in ns does after 104
// days of uptime, and is from then on rounded to 2 ns (4 after 208 days …), always alike for the same bits: a process is still identified by
// its start, since no number is given out twice within that. What is a name of 64 free bits (inode, cookies) is a bigint.
//
// Text is what the kernel held, as `textOf` reads it: hostile, and to be escaped before anybody sees it.
import type { Effect } from './policy.ts'

/** A process is its number and its start (ns since boot): numbers are used again. */
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
  /** A rule that denies it, in force or on trial, wants to be heard. A deny that only observes is counted. */
  readonly reported: boolean
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

/** A kernel module that is denied, or would be. */
export interface ModuleEvent extends Observed {
  readonly type: 'module'
  /** Who loads it: the one whose call made the kernel start modprobe is not seen. */
  readonly task: Task
  readonly ruling: Ruling
  readonly form: ModuleForm
  /** Of its file, in hexadecimal. */
  readonly sha256: string | null
  /** From the root of the mount namespace; empty for what has no file, and where it is longer than the kernel holds. */
  readonly path: string
}

/** By what it was judged: the digest of its file; nothing, since the kernel did not hash the file; nothing, since it came out of a buffer. */
export type ModuleForm = 'file' | 'no-digest' | 'buffer'

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

export type Event = ForkEvent | ExitEvent | ExecEvent | ModuleEvent | SocketEvent

/**
 * Text that the kernel held, up to its first NUL. Linux promises no encoding: a byte that is not part of valid UTF-8 becomes the lone
 * surrogate U+DC80 … U+DCFF (its value + U+DC00), so that no two names of the kernel become the same text.
 */
export function textOf(bytes: Buffer, from = 0, to = bytes.length): string {
  const end = bytes.indexOf(0, from)
  return decoded(bytes, from, end < 0 || end > to ? to : end)
}

/** The same of a list of texts, such as the arguments of an exec, each of which ends with a NUL. */
export function textsOf(bytes: Buffer): string[] {
  const text = decoded(bytes, 0, bytes.length)
  return text === '' ? [] : text.replace(/\0$/, '').split('\0')
}

/** U+FFFD stands for what is no UTF-8, or is in the text: only then is it worth a second look. */
function decoded(bytes: Buffer, from: number, to: number): string {
  const text = bytes.toString('utf8', from, to)
  return text.includes('\ufffd') ? decodedBytewise(bytes, from, to) : text
}

function decodedBytewise(bytes: Buffer, from: number, to: number): string {
  let text = ''
  for (let at = from; at < to; ) {
    const size = sequenceSize(bytes[at]!)
    const whole = at + size <= to ? bytes.toString('utf8', at, at + size) : ''
    // What is no sequence of this size decodes to more than one character.
    const valid = [...whole].length === 1
    text += valid ? whole : String.fromCharCode(0xdc00 + bytes[at]!)
    at += valid ? size : 1
  }
  return text
}

/** How many bytes a sequence has that starts with this one (RFC 3629, 4); 0 if none does. */
function sequenceSize(first: number): number {
  if (first < 0x80) return 1
  if (first < 0xc2 || first > 0xf4) return 0
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
}
