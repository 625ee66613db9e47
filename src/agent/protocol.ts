// All that the mind can ask of the guard. The guard holds the privileges and parses nothing else, so this file is the whole of what a
// broken mind could do: no more than whoever may write policy. A frame is: u32 bytes of head, u32 bytes of body, the head (JSON), the body.
import type { Duplex } from 'node:stream'
import type { MachineRoots } from '../adapters/linux/roots.ts'
import { type Code, ThymusError } from '../core/errors.ts'
import type { Rung } from '../core/posture.ts'

export type Request =
  /** What there is; the first question. */
  | { readonly do: 'hello' }
  /** Put a generation in force. `sizes`: bytes of keys and values of subjects, places, traffic, paths, which follow one another in the body. */
  | {
      readonly do: 'swap'
      readonly generation: number
      readonly sizes: readonly number[]
      readonly failsafe: readonly { readonly port: number; readonly protocol: number; readonly inbound: boolean }[]
    }
  /** Write into the generation in force. `sizes`: bytes of keys and values of subjects, places, and places to be removed. */
  | { readonly do: 'amend'; readonly sizes: readonly number[] }
  /** Make the group, and the network namespace if asked, of a new workload. */
  | { readonly do: 'start'; readonly slot: number; readonly name: string; readonly netns: boolean }
  /** Take a group that is there, or one that an earlier mind knew (`known`, its id, must then be the same). */
  | { readonly do: 'adopt'; readonly slot: number; readonly path: string; readonly known?: string }
  /** Let go of a workload's group (`group`: its id), and take it down if it was made by us. It may have ended, and another have its name. */
  | { readonly do: 'stop'; readonly path: string; readonly group: string; readonly owned: boolean; readonly netns: string | null }
  /** Destroy the connections that the generation in force denies. */
  | { readonly do: 'sweep' }
  | { readonly do: 'counters' }
  | { readonly do: 'processes'; readonly path: string }
  | { readonly do: 'down'; readonly purge: boolean }

/** The head of a request's frame; that of its answer has the same number. */
export interface Asked {
  readonly id: number
  readonly request: Request
}

export interface Hello {
  readonly pid: number
  readonly rungs: readonly Rung[]
  readonly roots: MachineRoots
  /** Descriptor numbers in the mind, sizes, and the kernel's ids of the rings. */
  readonly rings: readonly { readonly name: string; readonly fd: number; readonly size: number; readonly id: number }[]
  readonly generation: number
  readonly epoch: number
  readonly groupRoot: string
  /** Slots that some control group belongs to, whoever remembers it. */
  readonly slots: readonly number[]
}
/** Events per program and CPU, and runs that the kernel left out. */
export interface Counted {
  readonly counters: readonly { readonly program: string; readonly cpu: number; readonly issued: number; readonly dropped: number }[]
  readonly missed: Readonly<Record<string, number>>
}
export interface Started {
  readonly path: string
  readonly id: string
  readonly netns: string | null
  readonly addresses: readonly string[]
}

/** More than any request that fits the tables: 2^20 entries of a path table are the most. */
const MAX_BODY = 512 << 20
const MAX_HEAD = 1 << 20

export interface Frame {
  readonly head: Record<string, unknown>
  readonly body: Buffer
}

/** Writes one frame. */
export function send(stream: Duplex, head: object, body: Buffer = Buffer.alloc(0)): void {
  const text = Buffer.from(JSON.stringify(head))
  const sizes = Buffer.alloc(8)
  sizes.writeUInt32LE(text.length, 0)
  sizes.writeUInt32LE(body.length, 4)
  stream.write(Buffer.concat([sizes, text, body]))
}

/** Calls `on` for each whole frame. A frame larger than anything we send ends the stream. */
export function receive(stream: Duplex, on: (frame: Frame) => void): void {
  let chunks: Buffer[] = []
  let held = 0
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    held += chunk.length
    while (held >= 8) {
      if (chunks[0]!.length < 8) chunks = [Buffer.concat(chunks)]
      const [head, body] = [chunks[0]!.readUInt32LE(0), chunks[0]!.readUInt32LE(4)]
      if (head > MAX_HEAD || body > MAX_BODY) {
        stream.destroy(new ThymusError('INTERNAL', `a frame of ${head} + ${body} bytes`))
        return
      }
      if (held < 8 + head + body) return
      const all = Buffer.concat(chunks)
      on({ head: JSON.parse(all.toString('utf8', 8, 8 + head)) as Record<string, unknown>, body: all.subarray(8 + head, 8 + head + body) })
      const rest = all.subarray(8 + head + body)
      chunks = rest.length > 0 ? [rest] : []
      held = rest.length
    }
  })
}

/** The mind's end: requests with their answers, in the order in which they were asked. */
export class GuardClient {
  readonly #stream: Duplex
  readonly #waiting = new Map<number, { resolve: (frame: Frame) => void; reject: (error: Error) => void }>()
  #last = 0

  constructor(stream: Duplex) {
    this.#stream = stream
    receive(stream, (frame) => {
      const id = Number(frame.head.id)
      const waiter = this.#waiting.get(id)
      this.#waiting.delete(id)
      const error = frame.head.error as { code: Code; message: string; at?: string } | undefined
      if (error) waiter?.reject(new ThymusError(error.code, error.message, error.at === undefined ? {} : { at: error.at }))
      else waiter?.resolve(frame)
    })
    stream.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new ThymusError('AGENT_DOWN', 'the guard has ended'))
      this.#waiting.clear()
    })
  }

  /** @throws ThymusError whatever the guard says; AGENT_DOWN if it ends meanwhile. */
  async ask<T>(request: Request, body?: Buffer): Promise<T> {
    const id = ++this.#last
    return new Promise<Frame>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      send(this.#stream, { id, request } satisfies Asked, body)
    }).then((frame) => frame.head.answer as T)
  }
}
