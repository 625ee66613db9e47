import koffi from 'koffi'
import { ThymusError } from '../../../core/errors.ts'
import { errnoName } from './libbpf.ts'

/** Gets a record where it lies: read what you need before returning, since the memory is the kernel's again after `commit`. */
export type OnRecord = (view: DataView, bytes: Buffer, at: number, length: number) => void

/** Records in the order in which room for them was reserved. */
export interface RingSource {
  /** Hands out at most `max` records and says how many. They are not given up yet: a reader that dies now will be given them again. */
  drain(on: OnRecord, max: number): number
  /** Gives the drained records up. */
  commit(): void
  close(): void
}

const PAGE = 4096
const PROT_READ = 1
const PROT_WRITE = 2
const MAP_SHARED = 1
/** kernel/bpf/ringbuf.c: the high bits of a record's length. */
const BUSY = 0x8000_0000
const DISCARDED = 0x4000_0000
const HEADER = 8

function memory() {
  const libc = koffi.load('libc.so.6')
  return {
    mmap: libc.func('void *mmap(void *at, size_t length, int protection, int flags, int fd, int64_t offset)'),
    munmap: libc.func('int munmap(void *at, size_t length)'),
  }
}
let calls: ReturnType<typeof memory> | undefined

/**
 * A BPF ring buffer, mapped and read in place. SAFETY: one object owns both mappings; `close` drops every view before it unmaps, and
 * every method looks at `#open` first, because reading an unmapped view ends the process.
 */
export class MappedRing implements RingSource {
  readonly #size: number
  readonly #consumerAt: bigint
  readonly #producerAt: bigint
  readonly #consumer: BigUint64Array
  readonly #producer: BigUint64Array
  readonly #lengths: Uint32Array
  readonly #view: DataView
  readonly #bytes: Buffer
  #position: number
  #open = true

  /** `size` is the map's max_entries. The descriptor may be inherited; nothing but mmap is asked of it. */
  constructor(fd: number, size: number) {
    calls ??= memory()
    this.#size = size
    this.#consumerAt = map(fd, PAGE, PROT_READ | PROT_WRITE, 0)
    // Twice the data: the kernel maps it end to end, so no record is ever split.
    this.#producerAt = map(fd, PAGE + 2 * size, PROT_READ, PAGE)
    this.#consumer = new BigUint64Array(koffi.view(this.#consumerAt, PAGE))
    const shared = koffi.view(this.#producerAt, PAGE + 2 * size)
    this.#producer = new BigUint64Array(shared, 0, 1)
    this.#lengths = new Uint32Array(shared, PAGE)
    this.#view = new DataView(shared, PAGE)
    this.#bytes = Buffer.from(shared, PAGE)
    this.#position = Number(Atomics.load(this.#consumer, 0))
  }

  drain(on: OnRecord, max: number): number {
    if (!this.#open) return 0
    // Pairs with the release of the producer's position in __bpf_ringbuf_reserve: what lies below it has a valid length.
    const end = Number(Atomics.load(this.#producer, 0))
    let drained = 0
    while (this.#position < end && drained < max) {
      const at = this.#position & (this.#size - 1)
      // Pairs with the exchange of the length in bpf_ringbuf_commit: not busy means that the record is whole.
      const word = Atomics.load(this.#lengths, at >>> 2)
      if ((word & BUSY) !== 0) break
      const length = word & ~DISCARDED
      if ((word & DISCARDED) === 0) {
        on(this.#view, this.#bytes, at + HEADER, length)
        drained++
      }
      this.#position += (length + HEADER + 7) & ~7
    }
    return drained
  }

  commit(): void {
    if (this.#open) Atomics.store(this.#consumer, 0, BigInt(this.#position))
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    calls!.munmap(this.#consumerAt, PAGE)
    calls!.munmap(this.#producerAt, PAGE + 2 * this.#size)
  }
}

function map(fd: number, length: number, protection: number, offset: number): bigint {
  const at: bigint = calls!.mmap(null, length, protection, MAP_SHARED, fd, offset)
  if (BigInt.asIntN(64, at ?? 0n) <= 0n) throw new ThymusError('KERNEL_REFUSED', `cannot map the ring: ${errnoName()}`)
  return at
}
