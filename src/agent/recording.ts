// What the kernel said, in a file, to be put through the same pipeline again elsewhere. Whoever opens one believes nothing of it.
//   "thymrec1", then frames: u32 length (little-endian), u8 kind, payload. Kind 0 is an event as the kernel laid it out; kind 1 is JSON: first
//   { layout, boot }, later { slot, namespace, name } before the first event of a workload, and at the end { lost }.
import { closeSync, createWriteStream, fstatSync, openSync, readSync, type WriteStream } from 'node:fs'
import { decodeEventHeader, SIZE } from '../adapters/linux/bpf/layout.gen.ts'
import type { OnRecord, RingSource } from '../adapters/linux/bpf/ring.ts'
import { ThymusError } from '../core/errors.ts'
import { LIMITS, MIB } from '../core/limits.ts'

/** `layout` names how events are laid out; `boot` is when the clock of the events was zero (ms since 1970). */
export interface Origin {
  readonly layout: string
  readonly boot: number
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

/** Writes a new file; one that is there is never overwritten. */
export class Recorder {
  readonly #out: WriteStream
  readonly #nameOf: (slot: number) => Omit<NamedSlot, 'slot'> | undefined
  readonly #named = new Set<number>([0])
  #lost = 0

  private constructor(out: WriteStream, nameOf: (slot: number) => Omit<NamedSlot, 'slot'> | undefined) {
    this.#out = out
    this.#nameOf = nameOf
  }

  /** @throws ThymusError AGENT_REQUEST if the file is there already, or cannot be made */
  static async begin(path: string, origin: Origin, nameOf: (slot: number) => Omit<NamedSlot, 'slot'> | undefined): Promise<Recorder> {
    const out = createWriteStream(path, { flags: 'wx', mode: 0o600 })
    await new Promise<void>((resolve, reject) => {
      out.once('open', () => resolve())
      out.once('error', (cause: NodeJS.ErrnoException) => {
        const why = cause.code === 'EEXIST' ? 'it is there already' : `it cannot be made (${cause.code})`
        reject(new ThymusError('AGENT_REQUEST', why, { at: path, cause }))
      })
    })
    const recorder = new Recorder(out, nameOf)
    out.removeAllListeners('error')
    out.on('error', (error) => console.error(`the recording ended: ${error.message}`)) // a full disk: events go on, without it
    out.write(MAGIC)
    recorder.#write(NOTE, Buffer.from(JSON.stringify(origin)))
    return recorder
  }

  /** The bytes may be overwritten afterwards. */
  add(event: Buffer): void {
    if (this.#out.writableLength > MAX_WAITING) {
      this.#lost++
      return
    }
    const { slot } = decodeEventHeader(new DataView(event.buffer, event.byteOffset), event, 0)
    if (!this.#named.has(slot)) {
      this.#named.add(slot)
      const name = this.#nameOf(slot)
      if (name) this.#write(NOTE, Buffer.from(JSON.stringify({ slot, namespace: name.namespace, name: name.name })))
    }
    this.#write(EVENT, event)
  }

  /** Resolves when all of it is written, or cannot be. */
  async end(): Promise<void> {
    this.#write(NOTE, Buffer.from(JSON.stringify({ lost: this.#lost })))
    this.#out.end()
    if (!this.#out.closed) await new Promise((resolve) => this.#out.once('close', resolve))
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
    this.#size = stat.isFile() ? stat.size : 0
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

  #note({ slot, namespace, name, lost }: Record<string, unknown>): void {
    if (typeof lost === 'number') this.lost += lost
    if (typeof slot === 'number' && typeof namespace === 'string' && typeof name === 'string')
      this.#named.set(slot, { slot, namespace, name })
  }

  #fail(what: string): never {
    throw this.#wrong(what)
  }

  #wrong(what: string): ThymusError {
    return new ThymusError('FORMAT', what, { at: `byte ${this.#position}` })
  }
}

function originOf({ layout, boot }: Record<string, unknown>): Origin | undefined {
  return typeof layout === 'string' && typeof boot === 'number' && Number.isFinite(boot) ? { layout, boot } : undefined
}
