import { ThymusError } from '../core/errors.ts'
import type { Workload } from '../core/workload.ts'
import type { Group, Groups } from './control.ts'
import type { GuardClient, Started } from './protocol.ts'

/** Groups by way of the guard. */
export class GuardGroups implements Groups {
  readonly #guard: GuardClient

  constructor(guard: GuardClient) {
    this.#guard = guard
  }

  async start(slot: number, name: string, netns: boolean): Promise<Group> {
    return group(await this.#guard.ask<Started>({ do: 'start', slot, name, netns }))
  }

  async adopt(slot: number, path: string): Promise<Group> {
    return group(await this.#guard.ask<Started>({ do: 'adopt', slot, path }))
  }

  async stop({ anchor }: Workload): Promise<void> {
    if (anchor.is !== 'cgroup') return
    const { path, id, owned, netns } = anchor
    await this.#guard.ask({ do: 'stop', path, group: String(id), owned, netns: netns ?? null })
  }

  sweep(): Promise<number> {
    return this.#guard.ask<number>({ do: 'sweep' })
  }
}

const NEEDS = 'control groups need the guard, and the guard needs root; without it `thymus run` restricts the command by itself'

/** Where there is no privilege. */
export const NO_GROUPS: Groups = {
  start: () => Promise.reject(new ThymusError('PRIVILEGE', NEEDS)),
  adopt: () => Promise.reject(new ThymusError('PRIVILEGE', NEEDS)),
  stop: async () => {},
  sweep: async () => 0,
}

function group({ path, id, netns, addresses }: Started): Group {
  return { path, id: BigInt(id), netns, addresses }
}
