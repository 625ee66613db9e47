// What Thymus has in the kernel: programs, links and maps, all pinned, so that they outlive whoever made them. `up` makes them or takes
// them over; nothing here decides.

import { createHash } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ThymusError } from '../../../core/errors.ts'
import type { Rung } from '../../../core/posture.ts'
import { PASS, unknown } from '../../../core/verdict.ts'
import { isGroup } from '../groups.ts'
import { controlPin, presentControl, writeControl } from './control.ts'
import { ABI, type Control, decodeCounters, PROGRAM, SIZE } from './layout.gen.ts'
import { libbpf } from './libbpf.ts'
import { Link } from './link.ts'
import { KernelMap, possibleCpus, u32Key, u64Key } from './map.ts'
import { KernelObject } from './object.ts'
import { PolicyTables } from './policy-tables.ts'

export interface KernelPlaces {
  /** Folder of a bpf file system that is ours alone. */
  readonly pins: string
  /** Folder of the built objects. */
  readonly objects: string
  /** File that remembers what was made, beside the pins that hold it. */
  readonly manifest: string
}

interface Program {
  readonly name: string
  readonly object: string
  readonly type: number
  readonly attachType: number
}

interface Manifest {
  readonly hash: string
  readonly epoch: number
  readonly programs: readonly Program[]
  /** Control groups that have the socket programs, by id. */
  readonly groups: Readonly<Record<string, string>>
  readonly refused: readonly { readonly name: string; readonly why: string }[]
}

/** uapi/linux/bpf.h enum bpf_prog_type and enum bpf_attach_type. */
const TRACING = 26
const LSM = 29
const ATTACH_LSM = 27
const ATTACH_ITER = 28
/** struct bpf_prog_info up to `recursion_misses` (uapi/linux/bpf.h; since 5.12). */
const PROGRAM_INFO_BYTES = 216
const RECURSION_MISSES_AT = 208
/** Which counters of kernel/event.h a program writes. */
const COUNTED_AS: Readonly<Record<string, string>> = {
  on_exec: 'exec',
  on_check: 'exec_lsm',
  on_fork: 'fork',
  on_exit: 'exit',
  on_connect4: 'connect',
  on_connect6: 'connect',
  on_sendmsg4: 'sendmsg',
  on_sendmsg6: 'sendmsg',
  on_bind4: 'bind',
  on_bind6: 'bind',
  on_release: 'release',
  on_accept: 'ingress',
  on_ingress: 'ingress',
  on_egress: 'egress',
  on_module_read: 'module',
  on_module_buffer: 'module',
}
/** What may be refused without the rest being of no use; the other objects are needed whole. */
const OPTIONAL = new Set(['on_check', 'on_module_file', 'on_module_read', 'on_module_buffer'])
const OBJECTS = ['workload', 'process', 'exec', 'network', 'packets', 'accept', 'sweep', 'module']

export class Kernel {
  readonly #places: KernelPlaces
  #manifest: Manifest
  readonly #maps = new Map<string, KernelMap>()
  /** What the rule plane writes, and nobody else. */
  readonly tables = new PolicyTables(
    (name) => this.map(name),
    () => this.epoch,
  )

  private constructor(places: KernelPlaces, manifest: Manifest) {
    this.#places = places
    this.#manifest = manifest
  }

  /**
   * Makes everything, or takes over what an earlier agent left: the same build is used as it stands, another build takes its place with
   * no moment in which nothing is in force. @throws ThymusError KERNEL_ABI where maps of another shape are in force, KERNEL_REFUSED,
   * KERNEL_OBJECT.
   */
  static up(places: KernelPlaces): Kernel {
    mkdirSync(join(places.pins, 'links'), { recursive: true })
    mkdirSync(join(places.pins, 'programs'), { recursive: true })
    const objects = OBJECTS.filter((name) => existsSync(objectFile(places, name)))
    if (objects.length === 0)
      throw new ThymusError('KERNEL_OBJECT', 'no kernel object has been built (make kernel)', { at: places.objects })
    const hash = hashOf(objects.map((name) => objectFile(places, name)))
    const control = presentControl(places.pins)
    if (control && control.abi !== ABI.ABI_VERSION) {
      throw new ThymusError(
        'KERNEL_ABI',
        `maps of ABI ${control.abi} are in force and this program has ABI ${ABI.ABI_VERSION}; they stay in force until: thymus down --purge`,
        { at: places.pins },
      )
    }
    const earlier = control ? readManifest(places) : undefined
    if (earlier?.hash === hash) return new Kernel(places, earlier)
    const kernel = new Kernel(places, { hash, epoch: (control?.epoch ?? 0) + 1, programs: [], groups: earlier?.groups ?? {}, refused: [] })
    try {
      kernel.#load(objects, control)
    } catch (error) {
      kernel.#unload(control)
      throw error
    }
    return kernel
  }

  /** Has an agent put anything into the kernel that is still there? */
  static isInForce(pins: string): boolean {
    return existsSync(controlPin(pins))
  }

  /** What each hook does on this machine, as far as loading tells; whether it stops anything is for the self-test to see. */
  rungs(): Rung[] {
    const loaded = this.#manifest.programs.map(({ name }) => ({ gate: name, rung: 'loaded', works: PASS }))
    return [
      ...loaded,
      ...this.#manifest.refused.map(({ name, why }) => ({ gate: name, rung: 'refused', works: unknown('HOOK_REFUSED', why) })),
    ]
  }

  has(program: string): boolean {
    return this.#manifest.programs.some(({ name }) => name === program)
  }

  get epoch(): number {
    return this.#manifest.epoch
  }

  map(name: string): KernelMap {
    let map = this.#maps.get(name)
    if (!map) {
      map = KernelMap.pinned(join(this.#places.pins, name))
      this.#maps.set(name, map)
    }
    return map
  }

  /** Descriptors and sizes of the rings, for the reader to map. */
  rings(): { readonly name: string; readonly fd: number; readonly size: number; readonly id: number }[] {
    return ['alerts', 'events'].map((name) => {
      const { fd, shape } = this.map(name)
      return { name, fd, size: shape.maxEntries, id: shape.id }
    })
  }

  /**
   * Attaches the socket programs to a group and, with it, to all below; a group that has them already keeps them. What somebody pinned
   * who was killed before it was remembered is taken over.
   */
  attachGroup(id: bigint, path: string): void {
    if (this.#manifest.groups[String(id)] !== undefined) return
    const folder = join(this.#places.pins, 'links', String(id))
    const made = mkdirSync(folder, { recursive: true }) !== undefined
    try {
      for (const program of this.#manifest.programs.filter(isGroupProgram)) this.#attachTo(path, program, join(folder, program.name))
    } catch (error) {
      if (made) rmSync(folder, { recursive: true }) // all of them or none; but what was in force stays so
      throw error
    }
    this.#remember({ ...this.#manifest, groups: { ...this.#manifest.groups, [String(id)]: path } })
  }

  #attachTo(path: string, program: Program, pin: string): void {
    const fd = libbpf().objGet(join(this.#places.pins, 'programs', program.name))
    try {
      attach(program, fd, path, pin)
    } finally {
      closeSync(fd)
    }
  }

  detachGroup(id: bigint): void {
    rmSync(join(this.#places.pins, 'links', String(id)), { recursive: true, force: true })
    const { [String(id)]: _, ...groups } = this.#manifest.groups
    this.#remember({ ...this.#manifest, groups })
  }

  /** Says which workload a control group and, from now on, every group made below it belongs to. */
  setGroup(id: bigint, slot: number): void {
    this.map('workloads').update(u64Key(id), u32Key(slot))
  }

  slotOf(id: bigint): number | undefined {
    return this.map('workloads').lookup(u64Key(id))?.readUInt32LE()
  }

  dropGroup(id: bigint): void {
    this.map('workloads').delete(u64Key(id))
  }

  /** Slots that some control group belongs to. */
  slotsInUse(): number[] {
    const workloads = this.map('workloads')
    return [...new Set([...workloads.keys()].flatMap((group) => workloads.lookup(group)?.readUInt32LE() ?? []))]
  }

  /** Runs an iterator program once and yields what it wrote. */
  iterate(program: string): Buffer {
    const fd = libbpf().objGet(join(this.#places.pins, 'programs', program))
    try {
      const link = Link.create(fd, ATTACH_ITER)
      try {
        return link.read()
      } finally {
        link.close()
      }
    } finally {
      closeSync(fd)
    }
  }

  /** Issued and dropped events per program and CPU. */
  counters(): { readonly program: string; readonly cpu: number; readonly issued: number; readonly dropped: number }[] {
    const names = Object.entries(PROGRAM).filter(([name]) => name !== 'PROGRAM_COUNT')
    return names.flatMap(([name, index]) => {
      const value = this.map('program_counters').lookup(u32Key(index))!
      const view = new DataView(value.buffer, value.byteOffset, value.length)
      return Array.from({ length: possibleCpus() }, (_, cpu) => ({
        program: name.replace('PROGRAM_', '').toLowerCase(),
        cpu,
        ...decodeCounters(view, value, cpu * SIZE.counters),
      }))
    })
  }

  /** Runs that the kernel left out because the same program was running on that CPU already, by the name of its counters. */
  missed(): ReadonlyMap<string, number> {
    const sums = new Map<string, number>()
    for (const { name } of this.#manifest.programs) {
      const counter = COUNTED_AS[name]
      if (counter === undefined) continue
      const fd = libbpf().objGet(join(this.#places.pins, 'programs', name))
      const info = Buffer.alloc(PROGRAM_INFO_BYTES)
      if (fd < 0 || libbpf().objInfo(fd, info, [PROGRAM_INFO_BYTES]) !== 0)
        throw new ThymusError('KERNEL_REFUSED', `no information about ${name}`)
      closeSync(fd)
      sums.set(counter, (sums.get(counter) ?? 0) + Number(info.readBigUInt64LE(RECURSION_MISSES_AT)))
    }
    return sums
  }

  /** Lets go of the descriptors; everything stays in force. */
  close(): void {
    for (const map of this.#maps.values()) map.close()
    this.#maps.clear()
  }

  /** Removes every pin: with the last of them the programs, links and maps are gone. */
  static purge(places: KernelPlaces): void {
    if (existsSync(places.pins))
      for (const name of readdirSync(places.pins)) rmSync(join(places.pins, name), { recursive: true, force: true })
    rmSync(places.manifest, { force: true })
  }

  #load(objects: readonly string[], control: Control | undefined): void {
    const programs: Program[] = []
    const refused: { name: string; why: string }[] = []
    for (const name of objects) {
      const path = objectFile(this.#places, name)
      const listed = KernelObject.open(path)
      const names = listed.programs()
      listed.close()
      const required = names.filter((program) => !OPTIONAL.has(program))
      for (const wanted of [required, ...names.filter((program) => OPTIONAL.has(program)).map((program) => [program])]) {
        try {
          programs.push(...this.#loadObject(name, path, wanted))
        } catch (error) {
          if (wanted === required || !(error instanceof ThymusError)) throw error
          refused.push(...wanted.map((program) => ({ name: program, why: error.message })))
        }
      }
    }
    const groups = Object.fromEntries(Object.entries(this.#manifest.groups).filter(([id, path]) => isGroup(BigInt(id), path)))
    const ended = Object.keys(this.#manifest.groups).filter((id) => !(id in groups))
    this.#manifest = { ...this.#manifest, programs, groups, refused }
    // The tracing programs of the new epoch are attached and silent. This write lets them act and silences the old ones.
    const failsafe = control?.failsafe ?? []
    writeControl(this.map('control'), { generation: control?.generation ?? 0, epoch: this.epoch, abi: ABI.ABI_VERSION, failsafe })
    const links = join(this.#places.pins, 'links')
    const former = readdirSync(links).filter((name) => /^epoch-/.test(name) && name !== `epoch-${this.epoch}`)
    for (const entry of [...former, ...ended]) rmSync(join(links, entry), { recursive: true, force: true })
    this.#remember(this.#manifest)
  }

  /** A load that failed half-way leaves nothing of its own: where nothing was before, nothing is; else what was there goes on alone. */
  #unload(former: Control | undefined): void {
    this.close()
    if (former === undefined) Kernel.purge(this.#places)
    else rmSync(this.#epochLinks(), { recursive: true, force: true })
  }

  /** Where the links of our tracing programs are pinned. */
  #epochLinks(): string {
    return join(this.#places.pins, 'links', `epoch-${this.epoch}`)
  }

  #loadObject(name: string, path: string, wanted: readonly string[]): Program[] {
    const object = KernelObject.open(path, { pins: this.#places.pins, programs: wanted })
    object.setConstant('.rodata.epoch', this.epoch)
    object.load()
    try {
      return wanted.map((program) => {
        const loaded: Program = { name: program, object: name, ...object.kindOf(program) }
        const pin = join(this.#places.pins, 'programs', program)
        rmSync(pin, { force: true })
        libbpf().objPin(object.programFd(program), pin)
        if (isGroupProgram(loaded)) this.#replaceInGroups(loaded, object.programFd(program))
        else if (loaded.attachType !== ATTACH_ITER && (loaded.type === TRACING || loaded.attachType === ATTACH_LSM)) {
          const folder = this.#epochLinks()
          mkdirSync(folder, { recursive: true })
          object.attach(program).pin(join(folder, program)).close()
        }
        return loaded
      })
    } finally {
      object.close()
    }
  }

  /** A group that has ended took its attachments along; only their pins are left, which refuse another program. */
  #replaceInGroups(program: Program, fd: number): void {
    for (const [id, path] of Object.entries(this.#manifest.groups)) {
      if (!isGroup(BigInt(id), path)) continue
      try {
        attach(program, fd, path, join(this.#places.pins, 'links', id, program.name))
      } catch (error) {
        if (isGroup(BigInt(id), path)) throw error // else it ended just now
      }
    }
  }

  #remember(manifest: Manifest): void {
    this.#manifest = manifest
    writeFileSync(`${this.#places.manifest}.new`, JSON.stringify(manifest))
    renameSync(`${this.#places.manifest}.new`, this.#places.manifest) // whoever is killed here leaves the former one whole
  }
}

/** Puts a program in place of the one that has this pin, or beside whatever else is attached to the group. */
function attach({ attachType }: Program, fd: number, path: string, pin: string): void {
  const found = existsSync(pin)
  const link = found ? Link.pinned(pin) : Link.create(fd, attachType, path)
  try {
    if (found) link.update(fd)
    else link.pin(pin)
  } finally {
    link.close()
  }
}

function isGroupProgram({ type }: Program): boolean {
  return type !== TRACING && type !== LSM
}

function objectFile(places: KernelPlaces, name: string): string {
  return join(places.objects, `${name}.bpf.o`)
}

function hashOf(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(file))
  return hash.digest('hex')
}

/** Without one, or with one that is damaged, all is loaded anew; groups keep what they have until they are attached again. */
function readManifest(places: KernelPlaces): Manifest | undefined {
  if (!existsSync(places.manifest)) return undefined
  try {
    return JSON.parse(readFileSync(places.manifest, 'utf8')) as Manifest
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
