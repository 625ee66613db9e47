// What tests could leave behind on the machine: everything that carries our names, except what belongs to an instance of somebody else.
import { execFileSync } from 'node:child_process'
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { networkOf } from '../../src/adapters/linux/netns.ts'

const KERNEL = join(import.meta.dirname, '../../kernel')
const POLL_MS = 250
/** Names of programs are cut by the kernel (BPF_OBJ_NAME_LEN). */
const NAME = 15

/** Each trace in the words that a reader needs to find it. `home`: what is made below it is ours. Only root sees it all. */
export function traces(home: string): Set<string> {
  const others = instancesOutside(home)
  return new Set([...bpf(others), ...groups(others), ...network(others), ...mounts(home)])
}

/** What is there and was not before, after giving it time to go: the kernel frees programs, links and namespaces after a grace period. */
export async function leftBehind(before: ReadonlySet<string>, home: string, settleMs: number): Promise<string[]> {
  let left = [...traces(home)].filter((trace) => !before.has(trace))
  for (const until = Date.now() + settleMs; left.length > 0 && Date.now() < until; ) {
    await sleep(POLL_MS)
    const now = traces(home)
    left = left.filter((trace) => now.has(trace))
  }
  return left
}

/** Processes that know of a folder: by their environment or their words. They are ours, since the folder is. */
export function processesOf(folder: string): { readonly pid: number; readonly words: string }[] {
  return globSync('/proc/[0-9]*').flatMap((entry) => {
    const pid = Number(entry.slice('/proc/'.length))
    const words = read(`${entry}/cmdline`).replaceAll('\0', ' ').trim()
    const knows = words.includes(folder) || read(`${entry}/environ`).includes(folder)
    return knows && pid !== process.pid && words !== '' ? [{ pid, words }] : []
  })
}

/** Mount points in a folder, outermost first. */
export function mountsBelow(folder: string): string[] {
  return mountinfo().flatMap(({ point }) => (point.startsWith(`${folder}/`) ? [point] : []))
}

interface Others {
  /** Folders in which their programs and links are pinned. */
  readonly pins: readonly string[]
  readonly groups: ReadonlySet<string>
  /** What the names of their network namespaces and interfaces begin with. */
  readonly networks: readonly string[]
}

/** An instance has a bpf file system at HOME/bpf, and its other names are drawn from HOME's (src/agent/places.ts, test/kit/instance.ts). */
function instancesOutside(home: string): Others {
  const pins = mountinfo().flatMap(({ point, type }) => (type === 'bpf' && !point.startsWith(`${home}/`) ? [point] : []))
  const names = pins.map((point) => basename(dirname(point))).flatMap((name) => [name, `thymus-${name}`])
  return { pins, groups: new Set(['thymus', ...names]), networks: ['thymus', ...names].map((name) => networkOf(name).bridge) }
}

function bpf({ pins }: Others): string[] {
  const ours = programNames()
  const isTheirs = ({ pinned = [] }: Listed) => pinned.some((path) => pins.some((folder) => path.startsWith(`${folder}/`)))
  const programs = bpftool('prog').filter(({ name }) => name !== undefined && ours.has(name.slice(0, NAME)))
  const names = new Map(programs.map(({ id, name }) => [id, name]))
  const links = bpftool('link').filter(({ prog_id }) => prog_id !== undefined && names.has(prog_id))
  return [
    ...programs.filter((program) => !isTheirs(program)).map(({ id, name }) => `BPF program ${id} ${name}`),
    ...links.filter((link) => !isTheirs(link)).map(({ id, prog_id }) => `BPF link ${id} of ${names.get(prog_id!)}`),
  ]
}

function programNames(): Set<string> {
  const sources = globSync(join(KERNEL, '*.bpf.c')).map((file) => readFileSync(file, 'utf8'))
  return new Set(
    sources.flatMap((text) => [...text.matchAll(/^SEC\("[^"]+"\)\s*\nint (?:BPF_\w+\()?(\w+)/gm)].map((match) => match[1]!.slice(0, NAME))),
  )
}

interface Listed {
  readonly id: number
  readonly name?: string
  readonly prog_id?: number
  readonly pinned?: readonly string[]
}

function bpftool(what: 'prog' | 'link'): Listed[] {
  try {
    return JSON.parse(execFileSync('bpftool', ['-f', '-j', what, 'show'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  } catch {
    return []
  }
}

function groups(others: Others): string[] {
  const unified = mountinfo().find(({ type }) => type === 'cgroup2')?.point
  if (unified === undefined) return []
  const found = globSync('**/thymus-*', { cwd: unified }).filter((group) => !group.split('/').some((name) => others.groups.has(name)))
  return found.map((group) => `control group ${join(unified, group)}`)
}

/** src/adapters/linux/netns.ts: bridges are thy…, and so is what belongs to them. */
function network({ networks }: Others): string[] {
  const ours = (name: string) => name.startsWith('thy') && !networks.some((prefix) => name.startsWith(prefix))
  return [
    ...list('/run/netns').flatMap((name) => (ours(name) ? [`network namespace ${name}`] : [])),
    ...list('/sys/class/net').flatMap((name) => (ours(name) ? [`network interface ${name}`] : [])),
  ]
}

function mounts(home: string): string[] {
  return mountinfo().flatMap(({ point, type }) => (point.startsWith(`${home}/`) ? [`${type} mount ${point}`] : []))
}

function mountinfo(): { readonly point: string; readonly type: string }[] {
  return read('/proc/self/mountinfo')
    .split('\n')
    .filter(Boolean)
    .map((line) => ({ point: line.split(' ')[4]!, type: line.split(' - ')[1]!.split(' ')[0]! }))
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
