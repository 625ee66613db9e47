import { join } from 'node:path'
import type { Link } from './link.ts'
import { type KernelMap, u32Key } from './map.ts'
import { KernelObject } from './object.ts'

/** Counts page faults from user mode since each process's last exec (kernel/witness.bpf.c): none means that no instruction ran. */
export class Witness {
  readonly #object: KernelObject
  readonly #links: readonly Link[]
  readonly #faults: KernelMap

  constructor(objects = join(import.meta.dirname, '../../../../kernel/build')) {
    this.#object = KernelObject.open(join(objects, 'witness.bpf.o')).load()
    this.#links = this.#object.programs().map((name) => this.#object.attach(name))
    this.#faults = this.#object.map('faults')
  }

  /** @returns NaN for a process that was never seen to exec. */
  faults(pid: number): number {
    const count = this.#faults.lookup(u32Key(pid))
    return count === undefined ? Number.NaN : Number(count.readBigUInt64LE())
  }

  [Symbol.dispose](): void {
    for (const link of this.#links) link.close()
    this.#object.close()
  }
}
