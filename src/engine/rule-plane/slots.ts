import { ThymusError } from '../../core/errors.ts'
import { TABLE_LIMIT } from './tables.ts'

/**
 * Slots of workloads in the kernel's maps, 1…16383: the smallest that was never used, and when all were, the one that has been free for longest.
 * An event that comes late, with the slot of a workload that has gone, is then not taken for one of a new workload.
 */
export class SlotAllocator {
  readonly #taken: Set<number>
  readonly #free: number[]

  /** After a restart: the slots that are in use, and those freed before it that events may still name, the latest at the end. */
  constructor(taken: Iterable<number> = [], freed: readonly number[] = []) {
    this.#taken = new Set(taken)
    const late = new Set(freed.filter((slot) => !this.#taken.has(slot)))
    const fresh = Array.from({ length: TABLE_LIMIT.slots - 1 }, (_, at) => at + 1).filter(
      (slot) => !this.#taken.has(slot) && !late.has(slot),
    )
    this.#free = [...fresh, ...late]
  }

  /** @throws ThymusError WORKLOAD_LIMIT if all are taken */
  take(): number {
    const slot = this.#free.shift()
    if (slot === undefined) throw new ThymusError('WORKLOAD_LIMIT', `all ${TABLE_LIMIT.slots - 1} slots are taken`)
    this.#taken.add(slot)
    return slot
  }

  free(slot: number): void {
    if (!this.#taken.delete(slot)) throw new ThymusError('INTERNAL', `slot ${slot} was free already`)
    this.#free.push(slot)
  }
}

/** Slot 0 is for all that belongs to no workload, and nobody's. */
export function isSlot(slot: number): boolean {
  return Number.isInteger(slot) && slot > 0 && slot < TABLE_LIMIT.slots
}
