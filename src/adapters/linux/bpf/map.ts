import { closeSync, readFileSync } from 'node:fs'
import { ThymusError } from '../../../core/errors.ts'
import { errnoName, libbpf, SIZE } from './libbpf.ts'

/** uapi/linux/bpf.h enum bpf_map_type, those that we create or check. */
export const MAP_TYPE = { hash: 1, array: 2, percpuArray: 6, lpmTrie: 11, arrayOfMaps: 12, ringbuf: 27 } as const
export const NO_PREALLOC = 1
const INFO_BYTES = 88

export interface MapShape {
  /** The kernel's number of this map, never used twice since boot. */
  readonly id: number
  readonly type: number
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
}

/** A map in the kernel, by its descriptor. Keys and values are bytes; what they mean is said by the generated layout. */
export class KernelMap {
  readonly fd: number
  readonly shape: MapShape
  readonly #owned: boolean

  private constructor(fd: number, owned: boolean) {
    this.fd = fd
    this.#owned = owned
    this.shape = shapeOf(fd)
  }

  /** A map whose descriptor somebody else closes. */
  static borrow(fd: number): KernelMap {
    return new KernelMap(fd, false)
  }

  static pinned(path: string): KernelMap {
    const fd = libbpf().objGet(path)
    if (fd < 0) throw new ThymusError('KERNEL_REFUSED', `no map is pinned: ${errnoName(fd)}`, { at: path })
    return new KernelMap(fd, true)
  }

  /** An inner map, by the id that its outer map yields. */
  static byId(id: number): KernelMap {
    const fd = libbpf().mapById(id)
    if (fd < 0) throw new ThymusError('KERNEL_REFUSED', `no map ${id}: ${errnoName(fd)}`)
    return new KernelMap(fd, true)
  }

  static create(name: string, shape: Omit<MapShape, 'id'>): KernelMap {
    const opts = { sz: SIZE.mapOpts, map_flags: shape.flags }
    const fd = libbpf().mapCreate(shape.type, name.slice(0, 15), shape.keySize, shape.valueSize, shape.maxEntries, opts)
    if (fd < 0)
      throw new ThymusError('KERNEL_REFUSED', `cannot create a map of ${shape.maxEntries} entries: ${errnoName(fd)}`, { at: name })
    return new KernelMap(fd, true)
  }

  /** Bytes of one value as user space sees it: per-CPU maps hold one for every possible CPU, each padded to eight bytes. */
  get valueBytes(): number {
    return this.shape.type === MAP_TYPE.percpuArray ? Math.ceil(this.shape.valueSize / 8) * 8 * possibleCpus() : this.shape.valueSize
  }

  lookup(key: Uint8Array): Buffer | undefined {
    const value = Buffer.alloc(this.valueBytes)
    return libbpf().mapLookup(this.fd, key, value) === 0 ? value : undefined
  }

  update(key: Uint8Array, value: Uint8Array): void {
    this.#check(libbpf().mapUpdate(this.fd, key, value, 0), 'update')
  }

  /** Removes an entry; says whether there was one. */
  delete(key: Uint8Array): boolean {
    const result = libbpf().mapDelete(this.fd, key)
    if (result !== 0 && errnoName(result) !== 'ENOENT') this.#check(result, 'delete')
    return result === 0
  }

  /** All keys, as they stand; one that is removed meanwhile may make the walk begin again, so the number is bounded. */
  *keys(): Generator<Buffer> {
    let key: Buffer | null = null
    for (let left = this.shape.maxEntries; left > 0; left--) {
      const next: Buffer = Buffer.alloc(this.shape.keySize)
      if (libbpf().mapNextKey(this.fd, key, next) !== 0) return
      yield next
      key = next
    }
  }

  /** Writes many entries in one call; `keys` and `values` stand one after another. */
  updateBatch(keys: Uint8Array, values: Uint8Array): void {
    const count = keys.length / this.shape.keySize
    if (count === 0) return
    const done = [count]
    const result = libbpf().mapUpdateBatch(this.fd, keys, values, done, null)
    if (result !== 0 || done[0] !== count) this.#check(result || -1, `update of ${count} entries (${done[0]} taken)`)
  }

  /** Names the map in a bpf file system, so that it stays after this process. */
  pin(path: string): this {
    this.#check(libbpf().objPin(this.fd, path), `pin ${path}`)
    return this
  }

  close(): void {
    if (this.#owned) closeSync(this.fd)
  }

  #check(result: number, what: string): void {
    if (result !== 0) throw new ThymusError('KERNEL_REFUSED', `map ${what}: ${errnoName(result)}`)
  }
}

/** A u32 key as the kernel reads it. */
export function u32Key(value: number): Buffer {
  const key = Buffer.alloc(4)
  key.writeUInt32LE(value)
  return key
}

export function u64Key(value: bigint): Buffer {
  const key = Buffer.alloc(8)
  key.writeBigUInt64LE(value)
  return key
}

/** struct bpf_map_info: type, id, key_size, value_size, max_entries, map_flags. */
function shapeOf(fd: number): MapShape {
  const info = Buffer.alloc(INFO_BYTES)
  const result = libbpf().objInfo(fd, info, [INFO_BYTES])
  if (result !== 0) throw new ThymusError('KERNEL_REFUSED', `cannot read the map's shape: ${errnoName(result)}`)
  const at = (index: number) => info.readUInt32LE(index * 4)
  return { type: at(0), id: at(1), keySize: at(2), valueSize: at(3), maxEntries: at(4), flags: at(5) }
}

/** CPUs that this kernel may ever have, e.g. `0-3,8` → 9: per-CPU values come for all of them. */
export function possibleCpus(): number {
  const ranges = readFileSync('/sys/devices/system/cpu/possible', 'utf8').trim().split(/[,-]/)
  return Number(ranges.at(-1)) + 1
}
