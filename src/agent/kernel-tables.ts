import { type Entries, encodePlaces, encodeSubjects, encodeTables } from '../adapters/linux/bpf/tables.ts'
import type { Amendment, KernelTables } from '../engine/rule-plane/plane.ts'
import type { Tables } from '../engine/rule-plane/tables.ts'
import type { FailsafePort } from './config.ts'
import type { GuardClient } from './protocol.ts'

/** The rule plane's kernel, by way of the guard. */
export class GuardedTables implements KernelTables {
  readonly #guard: GuardClient
  readonly #failsafe: readonly FailsafePort[]

  constructor(guard: GuardClient, failsafe: readonly FailsafePort[]) {
    this.#guard = guard
    this.#failsafe = failsafe
  }

  async swap(generation: number, tables: Tables): Promise<void> {
    const { subjects, places, traffic, paths } = encodeTables(tables)
    const { sizes, body } = joined([subjects, places, traffic, paths])
    await this.#guard.ask({ do: 'swap', generation, sizes, failsafe: this.#failsafe }, body)
  }

  async amend(_generation: number, { subjects, places, vacated }: Amendment): Promise<void> {
    const { sizes, body } = joined([encodeSubjects(subjects), encodePlaces(places), encodePlaces(vacated)])
    await this.#guard.ask({ do: 'amend', sizes }, body)
  }
}

/** Where there is no kernel to write to: policies are held and explained, and nothing is enforced. */
export const NO_TABLES: KernelTables = { swap: async () => {}, amend: async () => {} }

function joined(entries: readonly Entries[]): { sizes: number[]; body: Buffer } {
  const parts = entries.flatMap(({ keys, values }) => [keys, values])
  return { sizes: parts.map((part) => part.length), body: Buffer.concat(parts) }
}
