import { ThymusError } from '../../core/errors.ts'
import type { Workload } from '../../core/workload.ts'
import { addressBytes, keyOf, parseAddress, single } from './addresses.ts'
import type { Blocks } from './blocks.ts'
import type { PlaceEntry } from './tables.ts'

/** The table of places, as it stands: the blocks that policies name, and the addresses of workloads that come and go. */
export class Places {
  readonly #blocks: Blocks
  readonly #ranges = new Map<bigint, PlaceEntry>()
  readonly #addresses = new Map<bigint, PlaceEntry>()
  readonly #owners = new Map<bigint, Set<number>>()

  constructor(blocks: Blocks, workloads: Iterable<Workload>) {
    this.#blocks = blocks
    for (const [range, block] of blocks.entries()) {
      this.#ranges.set(keyOf(range), { address: addressBytes(range.address), bits: range.bits, block, slot: 0 })
    }
    for (const workload of workloads) for (const { address, slot } of addressesOf(workload)) this.#own(address, slot)
  }

  get size(): number {
    return this.entries.length
  }

  get entries(): readonly PlaceEntry[] {
    const bare = [...this.#ranges].filter(([key]) => !this.#addresses.has(key)).map(([, entry]) => entry)
    return [...bare, ...this.#addresses.values()]
  }

  /** Takes the addresses of the workloads that are `gone` and gives those of the `come`. Returns what to write and what to delete. */
  move(
    gone: readonly Workload[],
    come: readonly Workload[],
  ): { readonly put: readonly PlaceEntry[]; readonly vacated: readonly PlaceEntry[] } {
    const left = gone.flatMap(addressesOf)
    const entered = come.flatMap(addressesOf)
    const keys = new Set([...left, ...entered].map(({ address }) => keyOf(single(address))))
    const before = new Map([...keys].map((key) => [key, this.#at(key)]))
    for (const { address, slot } of left) this.#disown(address, slot)
    for (const { address, slot } of entered) this.#own(address, slot)
    const put: PlaceEntry[] = []
    const vacated: PlaceEntry[] = []
    for (const [key, former] of before) {
      const entry = this.#at(key)
      if (entry === undefined) vacated.push(former!)
      else if (entry.slot !== former?.slot) put.push(entry)
    }
    return { put, vacated }
  }

  #at(key: bigint): PlaceEntry | undefined {
    return this.#addresses.get(key) ?? this.#ranges.get(key)
  }

  #own(address: bigint, slot: number): void {
    const owners = this.#owners.get(address) ?? new Set()
    this.#owners.set(address, owners.add(slot))
    this.#settle(address, owners)
  }

  #disown(address: bigint, slot: number): void {
    const owners = this.#owners.get(address)!
    owners.delete(slot)
    if (owners.size === 0) this.#owners.delete(address)
    this.#settle(address, owners)
  }

  /** What two claim is nobody's: better no workload than the wrong one. */
  #settle(address: bigint, owners: ReadonlySet<number>): void {
    const key = keyOf(single(address))
    const [owner] = owners
    if (owner === undefined) this.#addresses.delete(key)
    else {
      const slot = owners.size === 1 ? owner : 0
      this.#addresses.set(key, { address: addressBytes(address), bits: 128, block: this.#blocks.narrowest(address), slot })
    }
  }
}

/** An address that is written twice, also in two spellings, counts once. */
function addressesOf({ namespace, name, slot, addresses }: Workload): readonly { readonly address: bigint; readonly slot: number }[] {
  const numbers = addresses.map((text) => {
    const address = parseAddress(text)
    if (address !== undefined) return address
    throw new ThymusError('FORMAT', `${JSON.stringify(text.slice(0, 64))} is no address`, { at: `${namespace}/${name}` })
  })
  return [...new Set(numbers)].map((address) => ({ address, slot }))
}
