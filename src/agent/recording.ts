// What the kernel said, in a file, to be put through the same pipeline again elsewhere. Whoever opens one believes nothing of it.
//   "thymrec1", then frames: u32 length (little-endian), u8 kind, payload. Kind 0 is an event as the kernel laid it out; kind 1 is JSON: first
//   { layout, boot, at, on }, later { slot, namespace, name } before the first event of a workload, { generation, cookie, because } before the first
//   that was decided so, and at the end { lost }.
import { closeSync, createWriteStream, fstatSync, openSync, readSync, type WriteStream } from 'node:fs'
import { SIZE } from '../adapters/linux/bpf/layout.gen.ts'
import type { OnRecord, RingSource } from '../adapters/linux/bpf/ring.ts'
import type { Because } from '../core/decision.ts'
import { ThymusError } from '../core/errors.ts'
import type { Event } from '../core/event.ts'
import { LIMITS, MIB } from '../core/limits.ts'
import { reasonOf } from './recorded-reason.ts'

/** Where and when a recording was begun. */
export interface Origin {
  /** Names how events are laid out. */
  readonly layout: string
  /** When the clock of the events was zero; ms since 1970, as `at`. */
  readonly boot: number
  readonly at: number
  /** What recorded it, in words. */
  readonly on: string
}

export interface NamedSlot {
  readonly slot: number
  readonly namespace: string
  readonly name: string
}

const MAGIC = Buffer.from('thymrec1')
const HEAD = 5
const EVENT = 0
const NOTE = 1
/** What may wait to be written when the disk is slower than the kernel; what is beyond is counted as lost. */
const MAX_WAITING = 64 * MIB

/** What the events speak of by number; it is asked when the first does. */
export interface Meanings {
  workloadOf(slot: number): Omit<NamedSlot, 'slot'> | undefined
  reason(generation: number, cookie: number): Because
}

/** Writes a new file; one that is there is never overwritten. */
export class Recorder {
  readonly #out: WriteStream
  readonly #meanings: Meanings
  readonly #named = new Set<number>([0])
  readonly #reasons = new Set<string>()
  #lost = 0

  private constructor(out: WriteStream, meanings: Meanings) {
    this.#out = out
    this.#meanings = meanings
  }

  /** @throws ThymusError AGENT_REQUEST if the file is there already, or cannot be made */
  static async begin(path: string, origin: Origin, meanings: Meanings): Promise<Recorder> {
    const out = createWriteStream(path, { flags: 'wx', mode: 0o600 })
    await new Promise<void>((resolve, reject) => {
      out.once('open', () => resolve())
      out.once('error', (cause: NodeJS.ErrnoException) => {
        const why = cause.code === 'EEXIST' ? 'it is there already' : `it cannot be made (${cause.code})`
        reject(new ThymusError('AGENT_REQUEST', why, { at: path, cause }))
      })
    })
    const recorder = new Recorder(out, meanings)
    out.removeAllListeners('error')
    out.on('error', (error) => console.error(`the recording ended: ${error.message}`)) // a full disk: events go on, without it
    out.write(MAGIC)
    recorder.#note({ ...origin })
    return recorder
  }

  /** An event as the kernel laid it out, and as it was read; undefined for one of a type that this program does not know. */
  add(bytes: Buffer, event: Event | undefined): void {
    if (this.#out.writableLength > MAX_WAITING) {
      this.#lost++
      return
    }
    if (event !== undefined) this.#explain(event)
    this.#write(EVENT, withoutEnd(bytes))
  }

  /** Resolves when all of it is written, or cannot be. */
  async end(): Promise<void> {
    this.#note({ lost: this.#lost })
    this.#out.end()
    if (!this.#out.closed) await new Promise((resolve) => this.#out.once('close', resolve))
  }

  #explain(event: Event): void {
    for (const slot of [event.slot, 'peerSlot' in event ? event.peerSlot : 0]) {
      const name = this.#named.has(slot) ? undefined : this.#meanings.workloadOf(slot)
      this.#named.add(slot)
      if (name) this.#note({ slot, namespace: name.namespace, name: name.name })
    }
    if (!('ruling' in event)) return
    const { generation, cookie: inForce, trialCookie } = event.ruling
    for (const cookie of [inForce, trialCookie]) {
      const key = reasonKey(generation, cookie)
      if (this.#reasons.has(key)) continue
      this.#reasons.add(key)
      this.#note({ generation, cookie, because: this.#meanings.reason(generation, cookie) })
    }
  }

  /** One that is too long to be read back is left out, and what it would say is then unknown. */
  #note(note: Readonly<Record<string, unknown>>): void {
    const payload = Buffer.from(JSON.stringify(note))
    if (payload.length <= LIMITS.record) this.#write(NOTE, payload)
  }

  #write(kind: number, payload: Uint8Array): void {
    const frame = Buffer.alloc(HEAD + payload.length)
    frame.writeUInt32LE(payload.length)
    frame.writeUInt8(kind, 4)
    frame.set(payload, HEAD)
    this.#out.write(frame)
  }
}

/** A ring that gives out what a recording holds. A last frame that was cut off is left out, as a killed recorder leaves it. */
export class RecordedRing implements RingSource {
  readonly origin: Origin
  readonly #fd: number
  readonly #size: number
  /** As large as any event, and zero beyond this one: what the decoder reads past the end of a short one is nothing. */
  readonly #event = Buffer.alloc(2 * Math.max(SIZE.exec_event, SIZE.socket_event))
  readonly #view = new DataView(this.#event.buffer, this.#event.byteOffset, this.#event.length)
  readonly #named = new Map<number, NamedSlot>()
  readonly #reasons = new Map<string, Because>()
  #position = MAGIC.length
  /** Events that there was no room for when it was recorded. */
  lost = 0

  /** @throws ThymusError FORMAT for what is no recording of this version, USAGE for what cannot be opened */
  constructor(path: string) {
    try {
      this.#fd = openSync(path, 'r')
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      throw new ThymusError('USAGE', code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`, { at: path, cause })
    }
    const stat = fstatSync(this.#fd)
    if (!stat.isFile()) throw new ThymusError('USAGE', 'it is no file', { at: path })
    this.#size = stat.size
    if (!this.#read(0, MAGIC.length)?.equals(MAGIC)) throw this.#wrong('it is no recording')
    const first = this.#next()
    if (first?.kind !== NOTE) throw this.#wrong('it does not say where it comes from')
    this.origin = originOf(this.#json(first.payload)) ?? this.#fail('it does not say where it comes from')
  }

  get position(): number {
    return this.#position
  }

  nameOf(slot: number): NamedSlot | undefined {
    return this.#named.get(slot)
  }

  reason(generation: number, cookie: number): Because | undefined {
    return this.#reasons.get(reasonKey(generation, cookie))
  }

  drain(on: OnRecord, max: number): number {
    let drained = 0
    while (drained < max) {
      const before = this.#position
      const frame = this.#next()
      if (frame === undefined) break
      if (frame.kind === NOTE) {
        this.#note(this.#json(frame.payload))
        continue
      }
      const after = this.#position
      this.#position = before // of the event that is handed out
      this.#event.fill(0)
      this.#event.set(frame.payload)
      on(this.#view, this.#event, 0, frame.payload.length)
      this.#position = after
      drained++
    }
    return drained
  }

  commit(): void {}

  close(): void {
    closeSync(this.#fd)
  }

  #next(): { readonly kind: number; readonly payload: Buffer } | undefined {
    const head = this.#read(this.#position, HEAD)
    if (head === undefined) return undefined
    const [length, kind] = [head.readUInt32LE(), head.readUInt8(4)]
    if (length > (kind === EVENT ? this.#event.length : LIMITS.record)) throw this.#wrong(`a frame of ${length} bytes`)
    if (kind === EVENT && length < SIZE.event_header) throw this.#wrong(`an event of ${length} bytes`)
    if (kind !== EVENT && kind !== NOTE) throw this.#wrong(`a frame of kind ${kind}`)
    const payload = this.#read(this.#position + HEAD, length)
    if (payload === undefined) return undefined
    this.#position += HEAD + length
    return { kind, payload }
  }

  #read(at: number, length: number): Buffer | undefined {
    if (at + length > this.#size) return undefined
    const bytes = Buffer.alloc(length)
    return readSync(this.#fd, bytes, 0, length, at) === length ? bytes : undefined
  }

  #json(payload: Buffer): Record<string, unknown> {
    try {
      const value: unknown = JSON.parse(payload.toString())
      if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
    } catch {
      // It is told below.
    }
    return this.#fail('a note that is no object')
  }

  #note({ slot, namespace, name, generation, cookie, because, lost }: Record<string, unknown>): void {
    if (typeof lost === 'number') this.lost += lost
    if (typeof slot === 'number' && typeof namespace === 'string' && typeof name === 'string')
      this.#named.set(slot, { slot, namespace, name })
    const reason = reasonOf(because)
    if (typeof generation === 'number' && typeof cookie === 'number' && reason !== undefined)
      this.#reasons.set(reasonKey(generation, cookie), reason)
  }

  #fail(what: string): never {
    throw this.#wrong(what)
  }

  #wrong(what: string): ThymusError {
    return new ThymusError('FORMAT', what, { at: `byte ${this.#position}` })
  }
}

function originOf({ layout, boot, at, on }: Record<string, unknown>): Origin | undefined {
  return typeof layout === 'string' && isTime(boot) && isTime(at) && typeof on === 'string' ? { layout, boot, at, on } : undefined
}

/** A point in time that Date knows. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= 8.64e15
}

/** An event is as long as its fields may be; the zeros at its end come back when it is read. */
function withoutEnd(event: Buffer): Buffer {
  let length = event.length
  while (length > SIZE.event_header && event[length - 1] === 0) length--
  return event.subarray(0, length)
}

function reasonKey(generation: number, cookie: number): string {
  return `${generation}/${cookie}`
}
