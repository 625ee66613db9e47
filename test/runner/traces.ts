// What tests could leave behind on the machine: everything that carries our names, whoever made it. Others may change things meanwhile,
// so nothing else is looked at; and the default instance (`thymus` itself) is left out, since tests never use it.
import { execFileSync } from 'node:child_process'
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const KERNEL = join(import.meta.dirname, '../../kernel')
const POLL_MS = 250
/** Names of programs are cut by the kernel (BPF_OBJ_NAME_LEN). */
const NAME = 15

/** Each trace in the words that a reader needs to find it. Root sees them all; others see no BPF. */
export function traces(): Set<string> {
  return new Set([...bpf(), ...groups(), ...namespaces(), ...interfaces(), ...mounts()])
}

/** What is there and was not before, after giving it time to go: the kernel frees programs, links and namespaces after a grace period. */
export async function leftBehind(before: ReadonlySet<string>, settleMs: number): Promise<string[]> {
  let left = fresh(before)
  for (const until = Date.now() + settleMs; left.length > 0 && Date.now() < until; ) {
    await sleep(POLL_MS)
    const now = traces()
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

function fresh(before: ReadonlySet<string>): string[] {
  return [...traces()].filter((trace) => !before.has(trace))
}

function bpf(): string[] {
  const ours = programNames()
  const programs = bpftool('prog').filter(({ name }) => name !== undefined && ours.has(name.slice(0, NAME)))
  const names = new Map(programs.map(({ id, name }) => [id, name]))
  const links = bpftool('link').filter(({ prog_id }) => prog_id !== undefined && names.has(prog_id))
  return [
    ...programs.map(({ id, name }) => `BPF program ${id} ${name}`),
    ...links.map(({ id, prog_id }) => `BPF link ${id} of ${names.get(prog_id!)}`),
  ]
}

/** Functions that stand in a section of their own. */
function programNames(): Set<string> {
  const sources = globSync(join(KERNEL, '*.bpf.c')).map((file) => readFileSync(file, 'utf8'))
  return new Set(
    sources.flatMap((text) => [...text.matchAll(/^SEC\("[^"]+"\)\s*\nint (?:BPF_\w+\()?(\w+)/gm)].map((match) => match[1]!.slice(0, NAME))),
  )
}

function bpftool(what: 'prog' | 'link'): { id: number; name?: string; prog_id?: number }[] {
  try {
    return JSON.parse(execFileSync('bpftool', ['-j', what, 'show'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  } catch {
    return []
  }
}

function groups(): string[] {
  const unified = mountinfo().find(({ type }) => type === 'cgroup2')?.point
  if (unified === undefined) return []
  return globSync(`${unified}/**/thymus-*`).map((group) => `control group ${group}`)
}

function namespaces(): string[] {
  return named('/run/netns', /^thy(?!mus0-)/).map((name) => `network namespace ${name}`)
}

/** src/adapters/linux/netns.ts: bridges are thy…, their links as well. */
function interfaces(): string[] {
  return named('/sys/class/net', /^thy(?!mus0)/).map((name) => `network interface ${name}`)
}

function mounts(): string[] {
  return mountinfo().flatMap(({ point, type }) => (point.includes('/thymus-') ? [`${type} mount ${point}`] : []))
}

function mountinfo(): { readonly point: string; readonly type: string }[] {
  return read('/proc/self/mountinfo')
    .split('\n')
    .filter(Boolean)
    .map((line) => ({ point: line.split(' ')[4]!, type: line.split(' - ')[1]!.split(' ')[0]! }))
}

function named(folder: string, pattern: RegExp): string[] {
  try {
    return readdirSync(folder).filter((name) => pattern.test(name))
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
