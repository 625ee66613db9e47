// The policy tables in the kernel, in two halves: a generation is built in the one that is not in force, and takes effect by one write.
import { createHash } from 'node:crypto'
import { ThymusError } from '../../../core/errors.ts'
import { type Failsafe, failsafeEntries, writeControl } from './control.ts'
import { ABI, SIZE } from './layout.gen.ts'
import { KernelMap, MAP_TYPE, NO_PREALLOC, u32Key } from './map.ts'
import { type EncodedTables, type Entries, TABLE_SHAPE, type TableName } from './tables.ts'

/** kernel/rule.h MAX_SLOTS. */
const SLOTS = 16_384
const INNER_TABLES = ['places', 'traffic', 'paths'] as const

/** Only the rule plane writes them. */
export class PolicyTables {
  readonly #map: (name: string) => KernelMap
  readonly #epoch: () => number
  /** What stands at each half, by content, so that what did not change is not built again. */
  readonly #standing = new Map<string, string>()
  /** Slots that have an entry in each half. */
  readonly #slots: [Set<number> | undefined, Set<number> | undefined] = [undefined, undefined]
  #unsettled = true

  constructor(map: (name: string) => KernelMap, epoch: () => number) {
    this.#map = map
    this.#epoch = epoch
  }

  /** Number of the generation in force; 0 before the first. */
  get generation(): number {
    return Number(this.#map('control').lookup(u32Key(0))!.readBigUInt64LE(0))
  }

  /**
   * Builds the tables of a generation beside those in force and puts them in force with one write. If anything fails before that write,
   * nothing has changed. A table that did not change since it last stood at this index is not built again: replacing an inner map waits
   * for a grace period (maybe_wait_bpf_programs), which is most of the time that a swap takes.
   */
  swap(generation: number, tables: EncodedTables, failsafe: readonly Failsafe[]): void {
    const former = this.generation
    if (generation === former || (former !== 0 && generation % 2 === former % 2)) {
      throw new ThymusError('INTERNAL', `generation ${generation} cannot follow ${former}`)
    }
    this.settle()
    const half = generation % 2
    for (const name of INNER_TABLES) this.#replaceTable(name, half, tables[name])
    this.#writeSubjects(half, tables.subjects)
    writeControl(this.#map('control'), { generation, epoch: this.#epoch(), abi: ABI.ABI_VERSION, failsafe: failsafeEntries(failsafe) })
    this.#unsettled = true
  }

  /** Returns when no decision is being made by the former generation any more: only then may its tables be touched. */
  settle(): void {
    if (!this.#unsettled || this.generation === 0) return
    // Any replacement of an inner map waits; this one puts in what is there.
    const index = u32Key(this.generation % 2)
    const table = KernelMap.byId(this.#map('places').lookup(index)!.readUInt32LE(0))
    try {
      this.#map('places').update(index, u32Key(table.fd))
    } finally {
      table.close()
    }
    this.#unsettled = false
  }

  /**
   * Writes into the generation in force: subjects, each in one piece, then places, then removes the places of who left. For workloads that
   * come and go while no rule changes (engine/rule-plane). If it throws, any part may have been written.
   */
  amend(subjects: Entries, places: Entries, vacated: Entries): void {
    const half = this.generation % 2
    for (let at = 0; at < subjects.keys.length / 4; at++) {
      const slot = subjects.keys.readUInt32LE(at * 4)
      if (slot >= SLOTS) throw new ThymusError('INTERNAL', 'a slot beyond the table')
      this.#map('subjects').update(u32Key(half * SLOTS + slot), subjects.values.subarray(at * SIZE.subject, (at + 1) * SIZE.subject))
      this.#slots[half]?.add(slot)
    }
    if (places.keys.length + vacated.keys.length === 0) return
    this.#standing.delete(`places${half}`)
    const table = KernelMap.byId(this.#map('places').lookup(u32Key(half))!.readUInt32LE(0))
    try {
      for (const [key, value] of pairs('places', places)) table.update(key, value)
      for (const [key] of pairs('places', vacated)) table.delete(key)
    } finally {
      table.close()
    }
  }

  #replaceTable(name: (typeof INNER_TABLES)[number], half: number, entries: Entries): void {
    const [keySize, valueSize] = TABLE_SHAPE[name]
    const count = entries.keys.length / keySize
    if (!Number.isInteger(count) || count !== entries.values.length / valueSize)
      throw new ThymusError('INTERNAL', `malformed table ${name}`)
    const content = createHash('sha256').update(entries.keys).update(entries.values).digest('hex')
    if (this.#standing.get(`${name}${half}`) === content) return
    // Places grow by amendment while a generation lasts; the others do not.
    const room = name === 'places' ? count + SLOTS * 4 : Math.max(count, 1)
    const shape = { type: MAP_TYPE.lpmTrie, keySize, valueSize, maxEntries: room, flags: NO_PREALLOC }
    const table = KernelMap.create(name, shape)
    try {
      table.updateBatch(entries.keys, entries.values)
      this.#map(name).update(u32Key(half), u32Key(table.fd))
      this.#standing.set(`${name}${half}`, content)
    } finally {
      table.close()
    }
  }

  /** Writes one half of the subjects whole; who had an entry there and has none now loses it. */
  #writeSubjects(half: number, entries: Entries): void {
    const slots = Array.from({ length: entries.keys.length / 4 }, (_, index) => entries.keys.readUInt32LE(index * 4))
    if (slots.some((slot) => slot >= SLOTS)) throw new ThymusError('INTERNAL', 'a slot beyond the table')
    const former = this.#slots[half] ?? new Set(Array.from({ length: SLOTS }, (_, slot) => slot))
    const held = new Set(slots)
    const gone = [...former].filter((slot) => !held.has(slot))
    const keys = Buffer.alloc((slots.length + gone.length) * 4)
    for (const [index, slot] of [...slots, ...gone].entries()) keys.writeUInt32LE(half * SLOTS + slot, index * 4)
    this.#map('subjects').updateBatch(keys, Buffer.concat([entries.values, Buffer.alloc(gone.length * SIZE.subject)]))
    this.#slots[half] = held
  }
}

function* pairs(name: TableName, { keys, values }: Entries): Generator<[key: Buffer, value: Buffer]> {
  const [keySize, valueSize] = TABLE_SHAPE[name]
  for (let at = 0; at < keys.length / keySize; at++) {
    yield [keys.subarray(at * keySize, (at + 1) * keySize), values.subarray(at * valueSize, (at + 1) * valueSize)]
  }
}
