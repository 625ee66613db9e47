// Raw events, as the kernel gave them, in files that only grow: what a rule of tomorrow, or a person, wants to look at again.
import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readdirSync, readSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { ThymusError } from '../../core/errors.ts'
import { LIMITS, MIB } from '../../core/limits.ts'
import type { Reason } from '../../core/verdict.ts'
import type { SegmentHeader } from './segment-file.ts'
import { decodeHeader, encodeHeader, encodeRecord, HEADER_BYTES, recordAt, recordSize } from './segment-file.ts'

/** Where a record begins, or the next one will. */
export interface Position {
  readonly segment: number
  readonly offset: number
}

export interface SegmentOptions {
  /** SHA-256 of the layout of the records that will be written. */
  readonly layout: Buffer
  /** ms since 1970. */
  readonly now: () => number
  /**
   * Up to where the events are accounted for in the database of this same boot: what stands behind it will be read from the ring again, and is
   * cut off. Without it all whole records are kept.
   */
  readonly end?: Position
  readonly limits?: Pick<typeof LIMITS, 'segment' | 'segments' | 'segmentsFor'>
}

/** What a reader meets. After `damaged` it goes on with the next segment. */
export type Segment =
  | { readonly is: 'record'; readonly at: Position; readonly next: Position; readonly layout: Buffer; readonly bytes: Buffer }
  | { readonly is: 'damaged'; readonly at: Position; readonly left: number }

const NAME = /^(\d{12})\.events$/
const CHUNK = MIB

/** Appends records to the newest segment of a folder, and throws the oldest away. One writer; readers see whole records only. */
export class Segments {
  readonly #folder: string
  readonly #options: SegmentOptions
  readonly #limits: Pick<typeof LIMITS, 'segment' | 'segments' | 'segmentsFor'>
  readonly #notices: Reason[] = []
  #file = -1
  #end: Position = { segment: 0, offset: 0 }
  #lost = 0
  /** The bytes of the largest batch so far: the next one is written through the same. */
  #batch = Buffer.alloc(0)

  /** Opens or makes the folder and repairs what a killed writer left. @throws ThymusError STATE_FULL if there is no room for a header */
  constructor(folder: string, options: SegmentOptions) {
    this.#folder = folder
    this.#options = options
    this.#limits = options.limits ?? LIMITS
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.#recover()
  }

  /** Where the next record will stand: to be stored with its batch. */
  get end(): Position {
    return this.#end
  }

  /** What was found on opening, if anything. */
  get notices(): readonly Reason[] {
    return this.#notices
  }

  /** Records that there was no room for. */
  get lost(): number {
    return this.#lost
  }

  /**
   * Appends a batch by one write. Says whether it could: on a full disk the file is as before, and the records are counted as lost.
   * The bytes may be overwritten afterwards.
   */
  append(records: readonly Uint8Array[]): boolean {
    if (records.length === 0) return true
    for (const { length } of records) {
      if (length === 0 || length > LIMITS.record) throw new ThymusError('INTERNAL', `a raw event of ${length} bytes`)
    }
    try {
      if (this.#file === -1 || this.#end.offset >= this.#limits.segment) this.#begin(this.#end.segment + 1)
      this.#write(records)
      return true
    } catch (error) {
      if (!isFull(error)) throw error
      this.#lost += records.length
      return false
    }
  }

  /** Deletes the oldest segments: what is too old, and what is too much. Never the newest. */
  retain(): void {
    const files = list(this.#folder)
    const sizes = files.map(({ path }) => statSync(path).size)
    let total = sizes.reduce((sum, size) => sum + size, 0)
    for (const [at, { path }] of files.slice(0, -1).entries()) {
      // All records of a segment are older than the beginning of the next one.
      const begun = headerOf(files[at + 1]!.path)?.begun ?? Number.POSITIVE_INFINITY
      if (total <= this.#limits.segments && begun >= this.#options.now() - this.#limits.segmentsFor) return
      rmSync(path)
      total -= sizes[at]!
    }
  }

  /** The records from a position on, up to where the writer now stands. Where that segment has gone, from the oldest that is left. */
  *read(from: Position = { segment: 0, offset: 0 }): Generator<Segment> {
    const end = this.#end
    for (const { number, path } of list(this.#folder)) {
      if (number < from.segment || number > end.segment) continue
      const start = number === from.segment ? Math.max(from.offset, HEADER_BYTES) : HEADER_BYTES
      yield* readSegment(path, number, start, number === end.segment ? end.offset : Number.POSITIVE_INFINITY)
    }
  }

  close(): void {
    if (this.#file !== -1) closeSync(this.#file)
    this.#file = -1
  }

  #recover(): void {
    const { end } = this.#options
    const files = list(this.#folder)
    for (const { number, path } of files) if (end !== undefined && number > end.segment) rmSync(path)
    const newest = files.findLast(({ number }) => end === undefined || number <= end.segment)
    if (newest !== undefined) this.#continue(newest.path, newest.number)
    if (end === undefined || !isBefore(this.#end, end)) return
    this.#tell(`raw events that were stored are gone: they ended at ${shown(end)}, and end at ${shown(this.#end)}`)
    this.close()
    this.#end = end // no position is given out twice: the next record begins the next segment
  }

  /** Goes on in a segment after its last whole record. Where that cannot be told, or the layout is another, the next record begins a new one. */
  #continue(path: string, number: number): void {
    const { end, layout } = this.#options
    const header = headerOf(path)
    const { size } = statSync(path)
    this.#end = { segment: number, offset: size }
    if (header === undefined) {
      if (size < HEADER_BYTES)
        rmSync(path) // its writer was killed before the header was whole
      else this.#tell(`${path} is no segment; it is left as it is`)
      return
    }
    let offset = HEADER_BYTES
    for (const each of readSegment(path, number, HEADER_BYTES, end?.segment === number ? end.offset : size)) {
      if (each.is === 'damaged') {
        this.#tell(`${path} is damaged at byte ${each.at.offset}; it is left as it is`)
        return
      }
      offset = each.next.offset
    }
    this.#file = openSync(path, 'r+')
    ftruncateSync(this.#file, offset)
    this.#end = { segment: number, offset }
    if (!header.layout.equals(layout)) this.close()
  }

  #tell(text: string): void {
    this.#notices.push({ code: 'STATE_EVENTS', text })
  }

  #begin(number: number): void {
    this.close()
    const path = join(this.#folder, `${String(number).padStart(12, '0')}.events`)
    const file = openSync(path, 'wx', 0o600) // command lines hold secrets
    try {
      writeWhole(file, encodeHeader({ number, begun: this.#options.now(), layout: this.#options.layout }), 0)
    } catch (error) {
      closeSync(file)
      rmSync(path)
      throw error
    }
    this.#file = file
    this.#end = { segment: number, offset: HEADER_BYTES }
    this.retain()
  }

  #write(records: readonly Uint8Array[]): void {
    const size = records.reduce((sum, record) => sum + recordSize(record), 0)
    if (this.#batch.length < size) this.#batch = Buffer.allocUnsafe(size)
    const batch = this.#batch.subarray(0, size)
    let at = 0
    for (const record of records) at = encodeRecord(batch, at, record)
    const { segment, offset } = this.#end
    try {
      writeWhole(this.#file, batch, offset)
    } catch (error) {
      ftruncateSync(this.#file, offset) // gives back the room that half a batch took
      throw error
    }
    this.#end = { segment, offset: offset + batch.length }
  }
}

/** Whole records between two offsets. A torn tail ends it silently: a killed writer's half record was never stored. */
function* readSegment(path: string, number: number, from: number, until: number): Generator<Segment> {
  const file = openIfThere(path)
  if (file === undefined) return // thrown away since the folder was listed
  try {
    const size = Math.min(fstatSync(file).size, until)
    const header = Buffer.alloc(HEADER_BYTES)
    readSync(file, header, 0, HEADER_BYTES, 0)
    const layout = decodeHeader(header)?.layout
    if (layout === undefined) {
      yield { is: 'damaged', at: { segment: number, offset: 0 }, left: size }
      return
    }
    let held: Buffer = Buffer.alloc(0)
    let at = 0
    for (let offset = from; ; ) {
      const found = recordAt(held, at)
      if (typeof found === 'object') {
        const [start, next] = [offset, offset + found.end - at]
        yield {
          is: 'record',
          at: { segment: number, offset: start },
          next: { segment: number, offset: next },
          layout,
          bytes: held.subarray(at + 8, found.end),
        }
        at = found.end
        offset = next
      } else if (found === 'damaged') {
        yield { is: 'damaged', at: { segment: number, offset }, left: size - offset }
        return
      } else {
        const [rest, unread] = [held.length - at, size - offset - (held.length - at)]
        if (unread <= 0) return
        const more = Buffer.alloc(rest + Math.min(CHUNK, unread))
        held.copy(more, 0, at)
        readSync(file, more, rest, more.length - rest, offset + rest)
        held = more
        at = 0
      }
    }
  } finally {
    closeSync(file)
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function list(folder: string): { readonly number: number; readonly path: string }[] {
  const names = readdirSync(folder).filter((name) => NAME.test(name))
  return names.sort().map((name) => ({ number: Number(NAME.exec(name)![1]), path: join(folder, name) }))
}

function headerOf(path: string): SegmentHeader | undefined {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(HEADER_BYTES)
    return readSync(file, bytes, 0, HEADER_BYTES, 0) === HEADER_BYTES ? decodeHeader(bytes) : undefined
  } finally {
    closeSync(file)
  }
}

/** write(2) may write less than it was given, on a disk that is nearly full. */
function writeWhole(file: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, at + done)
}

function isFull(error: unknown): boolean {
  const { code } = error as { code?: string }
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EROFS'
}

function isBefore(one: Position, other: Position): boolean {
  return one.segment < other.segment || (one.segment === other.segment && one.offset < other.offset)
}

function shown({ segment, offset }: Position): string {
  return `byte ${offset} of segment ${segment}`
}
