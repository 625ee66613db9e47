// The guard: holds the privileges, and does what the mind asks in the words of protocol.ts. It parses nothing that a stranger wrote,
// judges nothing and stores nothing. Killed, it changes no verdict: all that it made is pinned, and the next guard takes it over.
import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, closeSync, existsSync, mkdirSync, openSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Failsafe } from '../adapters/linux/bpf/control.ts'
import { Kernel } from '../adapters/linux/bpf/kernel.ts'
import { LoadError } from '../adapters/linux/bpf/object.ts'
import { selfTest } from '../adapters/linux/bpf/self-test.ts'
import type { Entries } from '../adapters/linux/bpf/tables.ts'
import { dissolveGroup, groupBelow, groupId, groupsBelow, isGroup, makeGroup, processesOf, unifiedMount } from '../adapters/linux/groups.ts'
import { makeNamespace, namespacesOf, networkOf, removeNamespace } from '../adapters/linux/netns.ts'
import { seeRoots } from '../adapters/linux/roots.ts'
import { cutSockets } from '../adapters/linux/sweep.ts'
import { ensureBpfFileSystem, lock, returnFreedMemory } from '../adapters/linux/system.ts'
import { adoptGroup, releaseGroup } from '../adapters/linux/workload-groups.ts'
import { ThymusError } from '../core/errors.ts'
import type { Rung } from '../core/posture.ts'
import { type Config, readConfig } from './config.ts'
import { confinedMind } from './mind-confinement.ts'
import { viewFor } from './mind-view.ts'
import { type Places, places } from './places.ts'
import { type Asked, type Hello, type Request, receive, type Started, send } from './protocol.ts'
import { purge, withdraw } from './purge.ts'
import { needReach } from './reach.ts'
import { startWarm } from './warm.ts'

/** A mind that keeps dying is started again ever more slowly, up to this. */
const MAX_PAUSE = 30_000
const CHANNEL_FD = 3
const FIRST_RING_FD = 4

class Guard {
  readonly #at: Places
  readonly #config: Config
  readonly #kernel: Kernel
  readonly #rungs: readonly Rung[]
  readonly #roots = seeRoots()
  #mind: ChildProcess | undefined
  /** Groups that somebody else made: their processes may be in network namespaces of their own. */
  readonly #adopted = new Set<string>()
  #pause = 500
  #ending = false

  constructor(at: Places, config: Config) {
    this.#at = at
    this.#config = config
    const wasInForce = Kernel.isInForce(at.pins!)
    try {
      this.#kernel = Kernel.up({ pins: at.pins!, objects: at.objects, manifest: at.manifest })
      makeGroup(at.groups!)
      this.#attach()
      this.#rungs = selfTest(at)
    } catch (error) {
      if (!wasInForce) withdraw(at) // all of it or nothing
      throw error
    }
    returnFreedMemory() // of the kernel's types, which libbpf read for each object
  }

  /** To our own groups; with `enforceRoot: host` to all, which also stops a socket that was made outside and is carried in. */
  #attach(): void {
    const root = unifiedMount()!
    const [wanted, other] = this.#config.enforceRoot === 'host' ? [root, this.#at.groups!] : [this.#at.groups!, root]
    this.#kernel.attachGroup(groupId(wanted), wanted)
    this.#kernel.detachGroup(groupId(other))
  }

  startMind(): void {
    const log = openSync(this.#at.log, 'a')
    const rings = this.#kernel.rings()
    const descriptors = [CHANNEL_FD, ...rings.map((_, index) => FIRST_RING_FD + index)]
    const told = { ...this.#at, failsafe: this.#config.failsafe, descriptors }
    const { command, missing } = confinedMind(told, descriptors)
    for (const { title, verdict } of missing)
      if (verdict.is === 'unknown') console.error(`the mind is confined less: ${title}: ${verdict.why.text}`)
    const started = Date.now()
    const start = viewFor(this.#at.user, command, join(this.#at.run, 'program'))
    const mind = spawn(start.command[0]!, start.command.slice(1), {
      stdio: ['ignore', log, log, 'pipe', ...rings.map(({ fd }) => fd)],
      ...(start.user === undefined ? {} : { uid: start.user, gid: start.user }),
      cwd: '/',
      // What was compiled once is kept (warm.ts).
      env: { PATH: process.env.PATH, LANG: process.env.LANG, NODE_COMPILE_CACHE: join(this.#at.state, 'cache') },
    })
    closeSync(log)
    this.#mind = mind
    const stream = mind.stdio[3] as Duplex
    stream.on('error', () => {}) // it ended; `exit` tells
    receive(stream, ({ head, body }) => this.#serve(stream, head as unknown as Asked, body))
    mind.on('error', (error) => console.error(`the mind cannot be started: ${error.message}`))
    mind.on('exit', (code, signal) => {
      if (this.#ending) return
      this.#pause = Date.now() - started > MAX_PAUSE ? 500 : Math.min(this.#pause * 2, MAX_PAUSE)
      console.error(`the mind ended (${signal ?? code}); all verdicts stay in force; starting it again in ${this.#pause} ms`)
      setTimeout(() => this.startMind(), this.#pause)
    })
  }

  end(): void {
    this.#ending = true
    this.#mind?.kill('SIGTERM')
  }

  #serve(stream: Duplex, { id, request }: Asked, body: Buffer): void {
    try {
      send(stream, { id, answer: this.#answer(request, body) ?? null })
    } catch (error) {
      const { code, message, at } = error instanceof ThymusError ? error : new ThymusError('INTERNAL', String(error))
      if (code === 'INTERNAL') console.error(error)
      send(stream, { id, error: { code, message, ...(at === undefined ? {} : { at }) } })
    }
  }

  #answer(request: Request, body: Buffer): unknown {
    switch (request.do) {
      case 'hello':
        return this.#hello()
      case 'swap':
        return this.#swap(request.generation, entriesOf(request.sizes, body, 4), request.failsafe)
      case 'amend': {
        const [subjects, places, vacated] = entriesOf(request.sizes, body, 3)
        this.#kernel.tables.amend(subjects!, places!, vacated!)
        return null
      }
      case 'start':
        return this.#start(request.slot, request.name, request.netns)
      case 'adopt':
        return this.#adopt(request.slot, request.path, request.known)
      case 'stop':
        return this.#stop(request.path, BigInt(request.group), request.owned, request.netns)
      case 'sweep':
        return cutSockets(this.#kernel, this.#namespaces()).length
      case 'counters':
        return { counters: this.#kernel.counters(), missed: Object.fromEntries(this.#kernel.missed()) }
      case 'processes':
        return processesOf(this.#groupPath(request.path))
      case 'down':
        setImmediate(() => this.#down(request.purge))
        return null
      default:
        throw new ThymusError('AGENT_REQUEST', `the guard does not know this request`)
    }
  }

  #swap(generation: number, [subjects, places, traffic, paths]: Entries[], failsafe: readonly Failsafe[]): null {
    this.#kernel.tables.swap(generation, { subjects: subjects!, places: places!, traffic: traffic!, paths: paths! }, failsafe)
    setImmediate(() => this.#kernel.tables.settle()) // the wait is over before the next change, and this one does not pay for it
    return null
  }

  #hello(): Hello {
    return {
      pid: process.pid,
      rungs: this.#rungs,
      roots: this.#roots,
      rings: this.#kernel.rings().map(({ name, size, id }, index) => ({ name, size, id, fd: FIRST_RING_FD + index })),
      generation: this.#kernel.tables.generation,
      epoch: this.#kernel.epoch,
      groupRoot: this.#at.groups!,
      slots: this.#kernel.slotsInUse(),
    }
  }

  #start(slot: number, name: string, netns: boolean): Started {
    if (!/^[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?$/.test(name)) throw new ThymusError('WORKLOAD_NAME', 'not a name for a control group')
    const path = join(this.#at.groups!, name)
    if (existsSync(path) && processesOf(path).length > 0) {
      throw new ThymusError('WORKLOAD_NAME', 'a control group of this name is there and has processes: thymus workload adopt takes it', {
        at: path,
      })
    }
    const namespace = netns ? makeNamespace(networkOf(this.#at.instance), slot) : undefined
    try {
      makeGroup(path)
      const id = groupId(path)
      this.#kernel.setGroup(id, slot)
      return { path, id: String(id), netns: namespace?.path ?? null, addresses: namespace?.addresses ?? [] }
    } catch (error) {
      if (namespace) removeNamespace(namespace.name)
      throw error
    }
  }

  #adopt(slot: number, given: string, knownId?: string): Started {
    const path = this.#groupPath(given)
    if (path === this.#at.groups || this.#at.groups!.startsWith(`${path}/`)) {
      throw new ThymusError('GROUP_UNKNOWN', 'the groups of all workloads are in it', { at: path })
    }
    const id = groupId(path)
    if (knownId !== undefined && knownId !== String(id))
      throw new ThymusError('GROUP_UNKNOWN', 'another group has this name now', { at: path })
    const covered = this.#config.enforceRoot === 'host' || path.startsWith(`${this.#at.groups}/`)
    adoptGroup(this.#kernel, path, slot, { covered, known: knownId !== undefined })
    this.#adopted.add(path)
    return { path, id: String(id), netns: null, addresses: [] }
  }

  #stop(given: string, id: bigint, owned: boolean, netns: string | null): null {
    const path = this.#groupPath(given)
    if (!owned) releaseGroup(this.#kernel, path, id)
    else if (isGroup(id, path)) this.#dissolve(path)
    this.#adopted.delete(path)
    if (netns !== null) removeNamespace(netns.slice(netns.lastIndexOf('/') + 1))
    return null
  }

  #dissolve(path: string): void {
    const groups = [...groupsBelow(path)].map(groupId)
    dissolveGroup(path, unifiedMount()!)
    for (const group of groups) this.#kernel.dropGroup(group)
  }

  /** Network namespaces beside our own in which workloads are. */
  #namespaces(): string[] {
    const made = namespacesOf(networkOf(this.#at.instance))
    const own = readlinkSync('/proc/self/ns/net')
    const found = new Map<string, string>()
    for (const pid of [...this.#adopted].flatMap(processesOf)) {
      try {
        found.set(readlinkSync(`/proc/${pid}/ns/net`), `/proc/${pid}/ns/net`)
      } catch {
        // It ended meanwhile.
      }
    }
    found.delete(own)
    return [...made, ...found.values()]
  }

  /** A control group of the unified hierarchy, and nothing else. */
  #groupPath(path: string): string {
    return groupBelow(unifiedMount()!, path)
  }

  #down(everything: boolean): void {
    this.end()
    const finish = () => {
      this.#kernel.close()
      if (everything) purge(this.#at)
      process.exit(0)
    }
    if (this.#mind?.exitCode === null) this.#mind.once('exit', finish)
    else finish()
    setTimeout(finish, 5_000).unref()
  }
}

/** Cuts a body into keys and values, `count` times. */
function entriesOf(sizes: readonly number[], body: Buffer, count: number): Entries[] {
  if (sizes.length !== 2 * count || sizes.reduce((sum, size) => sum + size, 0) !== body.length) {
    throw new ThymusError('AGENT_REQUEST', 'the sizes are not those of the body')
  }
  const starts = sizes.map((_, index) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0))
  const part = (index: number) => body.subarray(starts[index], starts[index]! + sizes[index]!)
  return Array.from({ length: count }, (_, index) => ({ keys: part(2 * index), values: part(2 * index + 1) }))
}

/** Folders of the instance, and what had to be mounted for them, which `purge` undoes. Whatever is missing is told before anything is mounted. */
function prepare(at: Places): void {
  if (!existsSync('/sys/kernel/btf/vmlinux'))
    throw new ThymusError('KERNEL_NO_BTF', 'the kernel has no BTF, by which programs are fitted to it', { at: '/sys/kernel/btf/vmlinux' })
  mkdirSync(join(at.run, 'program'), { recursive: true, mode: 0o755 })
  for (const folder of [at.state, at.door]) {
    mkdirSync(folder, { recursive: true, mode: 0o755 })
    if (statSync(folder).uid !== at.user) chownSync(folder, at.user, at.user)
    needReach(folder, at.user)
  }
  if (!lock(at.lock)) throw new ThymusError('AGENT_SECOND', 'another agent has this instance', { at: at.run })
  const mounted = ensureBpfFileSystem(at.pins!)
  if (mounted !== undefined) writeFileSync(join(at.run, 'mounted'), mounted)
}

const at = places()
process.umask(0o022) // the mind is another user, whatever root's habits are
try {
  startWarm()
  if (at.pins === null || at.groups === null) {
    throw new ThymusError('PRIVILEGE', at.groups === null ? 'there is no unified control group hierarchy' : 'the guard needs root')
  }
  const config = readConfig()
  prepare(at)
  const guard = new Guard(at, config)
  guard.startMind()
  process.on('SIGTERM', () => {
    guard.end()
    setTimeout(() => process.exit(0), 300)
  })
  console.error(`guard ${process.pid} of ${at.instance} is up`)
} catch (error) {
  const { code, message, at: place } = error instanceof ThymusError ? error : new ThymusError('INTERNAL', String(error))
  console.error(`thymus: ${code}: ${message}${place === undefined ? '' : ` (at ${place})`}`)
  if (error instanceof LoadError) {
    const log = join(at.run, 'verifier.log')
    writeFileSync(log, error.log)
    console.error(`the kernel's whole answer is in ${log}`)
  }
  if (code === 'INTERNAL') console.error(error)
  process.exit(code === 'PRIVILEGE' ? 77 : 1)
}
