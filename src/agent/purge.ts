import { existsSync, lstatSync, readFileSync, readlinkSync, rmdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Kernel } from '../adapters/linux/bpf/kernel.ts'
import { dissolveGroup, unifiedMount } from '../adapters/linux/groups.ts'
import { namespacesOf, networkOf, removeBridge, removeNamespace } from '../adapters/linux/netns.ts'
import { unmount } from '../adapters/linux/system.ts'
import type { Places } from './places.ts'

/** What there is of an instance. */
export interface Traces {
  /** In the kernel: pins, or groups. Verdicts stay in force there without an agent. */
  readonly kernel: boolean
  readonly folders: readonly string[]
}

const NONE: Traces = { kernel: false, folders: [] }

export function tracesOf(at: Places): Traces {
  const isThere = (path: string | null) => path !== null && existsSync(path)
  return { kernel: [at.pins, at.groups].some(isThere), folders: [at.state, at.run].filter(isThere) }
}

/**
 * Leaves the machine as it was before the first `up`: pins (and with them programs, links and maps), groups, namespaces, interfaces,
 * mounts and files. Processes that ran in our groups go on, in the root group. Needs no agent, and may be done twice.
 */
export function purge(at: Places): void {
  restore(at, NONE)
  removeLink(at)
}

/** Takes back what an agent left that has ended, but for what was there before it started. */
export function restore(at: Places, found: Traces): void {
  if (!found.kernel) {
    withdraw(at)
    if (at.pins !== null) removeNetwork(at.instance) // an ordinary user has none; that of the same name is root's
  }
  for (const folder of [at.state, at.run]) if (!found.folders.includes(folder)) rmSync(folder, { recursive: true, force: true })
  // An ordinary user's two are in one that was made for them.
  if (at.pins === null && at.instance === 'thymus') removeIfEmpty(dirname(at.state))
}

/** Takes back what is in the kernel, and what had to be mounted for it. */
export function withdraw(at: Places): void {
  if (at.pins !== null && existsSync(at.pins)) {
    Kernel.purge({ pins: at.pins, objects: at.objects, manifest: at.manifest })
    rmSync(at.pins, { recursive: true, force: true })
  }
  const unified = unifiedMount()
  if (at.groups !== null && unified !== undefined) dissolveGroup(at.groups, unified)
  const note = join(at.run, 'mounted')
  if (!existsSync(note)) return
  const mounted = readFileSync(note, 'utf8')
  unmount(mounted)
  rmSync(note)
  removeIfEmpty(mounted)
}

/** A folder that was made to hold others, or to mount at. One that holds something was there before us, and those of the system cannot be removed. */
function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // It stays.
  }
}

function removeNetwork(instance: string): void {
  const network = networkOf(instance)
  for (const path of namespacesOf(network)) removeNamespace(basename(path))
  removeBridge(network)
}

/** The `thymus` that setup put on the PATH for this user: root's is for all of them. */
function removeLink(at: Places): void {
  const program = join(at.objects, '../../bin/thymus')
  for (const folder of ['/usr/local/bin', join(process.env.HOME ?? '/nonexistent', '.local/bin')]) {
    const link = join(folder, 'thymus')
    if (at.instance !== 'thymus' || !existsSync(link)) continue
    const there = lstatSync(link)
    if (there.isSymbolicLink() && there.uid === process.getuid!() && readlinkSync(link) === program) rmSync(link)
  }
}
