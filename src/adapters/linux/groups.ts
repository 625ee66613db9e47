import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ThymusError } from '../../core/errors.ts'

/** Where the unified hierarchy (cgroup v2) is mounted: the first of mountinfo; undefined where there is none. */
export function unifiedMount(mountinfo: string = readFileSync('/proc/self/mountinfo', 'utf8')): string | undefined {
  for (const line of mountinfo.split('\n')) {
    const [mount, rest] = line.split(' - ')
    if (rest?.startsWith('cgroup2 ')) return mount!.split(' ')[4]
  }
  return undefined
}

/**
 * The path of a group below the root of the hierarchy, without slashes at its end. The root itself is no such group, however it is spelt:
 * it holds every process of the machine. @throws ThymusError GROUP_UNKNOWN
 */
export function groupBelow(root: string, path: string): string {
  const below = path.startsWith(`${root}/`) ? path.slice(root.length + 1).replace(/\/+$/, '') : ''
  if (below.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    throw new ThymusError('GROUP_UNKNOWN', `not a control group below ${root}`, { at: path })
  }
  return `${root}/${below}`
}

export function makeGroup(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
  } catch (cause) {
    throw new ThymusError('GROUP_UNKNOWN', 'the control group cannot be made', { at: path, cause })
  }
}

/** Id of a control group, as the kernel names it: the inode of its folder. @throws ThymusError GROUP_UNKNOWN */
export function groupId(path: string): bigint {
  try {
    return statSync(path, { bigint: true }).ino
  } catch (cause) {
    throw new ThymusError('GROUP_UNKNOWN', 'no such control group', { at: path, cause })
  }
}

/** Whether a control group is still the one that had this id: it may have gone, and another have its name. */
export function isGroup(id: bigint, path: string): boolean {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino === id
}

/** A command that joins the group, and only then becomes what is asked for: no instruction of that runs outside. */
export function inGroup(path: string, command: readonly string[]): [file: string, ...words: string[]] {
  return ['/bin/sh', '-c', 'echo 0 >"$0/cgroup.procs" && exec "$@"', path, ...command]
}

/** The group and all below it, outermost first. A group that goes meanwhile is left out. */
export function* groupsBelow(path: string): Generator<string> {
  yield path
  let names: string[] = []
  try {
    names = readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
  } catch {
    return
  }
  for (const name of names) yield* groupsBelow(join(path, name))
}

/** Processes of a group and all below it. */
export function processesOf(path: string): number[] {
  return [...groupsBelow(path)].flatMap((group) => {
    try {
      return readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number)
    } catch {
      return []
    }
  })
}

/** A process that forks while it is looked for leaves a child behind, and one that is just ending is moved by nobody: so often is tried again. */
const TRIES = 500
const PAUSE_MS = 1

/** Moves the processes of a group to another one and removes the group and all below it. @throws ThymusError GROUP_UNKNOWN */
export function dissolveGroup(path: string, into: string): void {
  for (let tries = 1; existsSync(path); tries++) {
    for (const pid of processesOf(path)) move(pid, into)
    const busy = [...groupsBelow(path)]
      .reverse()
      .map(remove)
      .find((failure) => failure !== undefined)
    if (busy === undefined) return
    if (tries === TRIES) throw new ThymusError('GROUP_UNKNOWN', 'the control group cannot be removed', { at: path, cause: busy })
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
  }
}

function move(pid: number, into: string): void {
  try {
    writeFileSync(join(into, 'cgroup.procs'), String(pid))
  } catch {
    // It ended meanwhile.
  }
}

/** Why a group that is there cannot be removed. */
function remove(group: string): unknown {
  try {
    rmdirSync(group)
    return undefined
  } catch (cause) {
    return existsSync(group) ? cause : undefined
  }
}
