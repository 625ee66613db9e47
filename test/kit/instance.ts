// A private instance of what Thymus has in the kernel: own maps, own pins, own groups. Tests share the machine's kernel and nothing else.
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Failsafe } from '../../src/adapters/linux/bpf/control.ts'
import { Kernel } from '../../src/adapters/linux/bpf/kernel.ts'
import { MappedRing, type OnRecord } from '../../src/adapters/linux/bpf/ring.ts'
import { encodeTables } from '../../src/adapters/linux/bpf/tables.ts'
import { dissolveGroup, groupId, inGroup, makeGroup, unifiedMount } from '../../src/adapters/linux/groups.ts'
import { ensureBpfFileSystem, unmount } from '../../src/adapters/linux/system.ts'
import { IDENTITY, type PathEntry, type SubjectEntry, type Tables, type TrafficEntry } from '../../src/engine/rule-plane/tables.ts'

export { needKernel, whyNoKernel } from './need-kernel.ts'

const OBJECTS = join(import.meta.dirname, '../../kernel/build')

export class Instance {
  readonly home = mkdtempSync(join(tmpdir(), 'thymus-test-'))
  readonly groups: string
  readonly #places = { pins: join(this.home, 'bpf/thymus'), objects: OBJECTS, manifest: join(this.home, 'kernel.json') }
  readonly kernel: Kernel
  readonly pins = this.#places.pins
  readonly objects = OBJECTS
  readonly #rings: Readonly<Record<string, MappedRing>>
  #generation = 0

  constructor() {
    this.groups = join(unifiedMount()!, basename(this.home))
    ensureBpfFileSystem(this.#places.pins)
    try {
      this.kernel = Kernel.up(this.#places)
    } catch (error) {
      unmount(join(this.home, 'bpf'))
      throw error
    }
    makeGroup(this.groups)
    this.kernel.attachGroup(groupId(this.groups), this.groups)
    this.#rings = Object.fromEntries(this.kernel.rings().map(({ name, fd, size }) => [name, new MappedRing(fd, size)]))
  }

  /** Makes a group that belongs to a slot. */
  group(name: string, slot: number): string {
    const path = join(this.groups, name)
    makeGroup(path)
    this.kernel.setGroup(groupId(path), slot)
    return path
  }

  /** Puts tables in force; what is left out is empty. */
  swap(tables: Partial<Tables>, failsafe: readonly Failsafe[] = []): void {
    this.#generation++
    const all: Tables = { subjects: [], places: [], traffic: [], paths: [], reasons: new Map(), ...tables }
    this.kernel.tables.swap(this.#generation, encodeTables(all), failsafe)
  }

  /** Runs a command in a group and waits for it. */
  run(group: string, ...command: string[]): SpawnSyncReturns<string> {
    const [file, ...words] = inGroup(group, command)
    return spawnSync(file, words, {
      encoding: 'utf8',
      timeout: 20_000,
      env: { ...process.env, LC_ALL: 'C' },
    })
  }

  /** All records that stand in a ring, decoded, and gives them up. */
  drain<T>(ring: 'alerts' | 'events', decode: (...record: Parameters<OnRecord>) => T | undefined): T[] {
    const found: T[] = []
    this.#rings[ring]!.drain((...record) => {
      const value = decode(...record)
      if (value !== undefined) found.push(value)
    }, 1_000_000)
    this.#rings[ring]!.commit()
    return found
  }

  [Symbol.dispose](): void {
    for (const ring of Object.values(this.#rings)) ring.close()
    this.kernel.close()
    Kernel.purge(this.#places)
    dissolveGroup(this.groups, unifiedMount()!)
    unmount(join(this.home, 'bpf'))
    rmSync(this.home, { recursive: true })
  }
}

const ALL_GATES = 0xff

/** A subject with rules at some gates, none of which names an address block; its identity is drawn from its slot. */
export function subject(slot: number, gates: number, trialGates = 0): SubjectEntry {
  return { slot, identity: identityOf(slot), enforcedGates: gates, trialGates, plainGates: ALL_GATES }
}

export function identityOf(slot: number): number {
  return IDENTITY.first + slot
}

export function pathRule(slot: number, path: string, effect: 'allow' | 'deny', more: Partial<PathEntry> = {}): PathEntry {
  return {
    subject: identityOf(slot),
    trial: false,
    path,
    whole: path !== '' && !path.endsWith('/'),
    cookie: 7,
    rank: 1,
    effect,
    report: false,
    ...more,
  }
}

export function trafficRule(
  slot: number,
  gate: TrafficEntry['gate'],
  effect: 'allow' | 'deny',
  more: Partial<TrafficEntry> = {},
): TrafficEntry {
  const everything = { peer: IDENTITY.any, protocol: 0, port: 0, bits: 0 }
  return { subject: identityOf(slot), gate, trial: false, ...everything, cookie: 7, rank: 1, effect, report: false, ...more }
}
