// The few calls of the operating system that Node does not have. SAFETY: each takes descriptors and buffers that the caller holds until
// it returns, and keeps nothing.
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import koffi from 'koffi'
import { ThymusError } from '../../core/errors.ts'

const LOCK_EX = 2
const LOCK_NB = 4
const SOL_SOCKET = 1
const SO_PEERCRED = 17

function load() {
  const libc = koffi.load('libc.so.6')
  return {
    flock: libc.func('int flock(int fd, int operation)'),
    getsockopt: libc.func('int getsockopt(int fd, int level, int name, void *value, _Inout_ uint32_t *size)'),
    mallocTrim: libc.func('int malloc_trim(size_t pad)'),
    finitModule: libc.func('syscall', 'long', ['long', 'int', 'str', 'int']),
  }
}
let calls: ReturnType<typeof load> | undefined

/** Holds a file locked for as long as this process lives; false if somebody else holds it. The descriptor is not inherited. */
export function lock(path: string): boolean {
  calls ??= load()
  const fd = openSync(path, 'a', 0o600)
  if (calls.flock(fd, LOCK_EX | LOCK_NB) === 0) return true
  closeSync(fd)
  return false
}

const LOCK_PAUSE_MS = 10
const LOCK_MS = 10_000

/** Does something that only one process at a time may do, waiting its turn. @throws ThymusError COMMAND after ten seconds */
export async function inTurn<T>(path: string, work: () => Promise<T>): Promise<T> {
  calls ??= load()
  const fd = openSync(path, 'a', 0o600)
  try {
    for (let left = LOCK_MS; calls.flock(fd, LOCK_EX | LOCK_NB) !== 0; left -= LOCK_PAUSE_MS) {
      if (left <= 0) throw new ThymusError('COMMAND', 'another process keeps it locked', { at: path })
      await sleep(LOCK_PAUSE_MS)
    }
    return await work()
  } finally {
    closeSync(fd)
  }
}

export interface Peer {
  readonly pid: number
  readonly uid: number
  readonly gid: number
}

/** Who is at the other end of a connected Unix socket, as the kernel knows it (unix(7), SO_PEERCRED). */
export function peerOf(fd: number): Peer {
  calls ??= load()
  const value = Buffer.alloc(12)
  if (calls.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, value, [12]) !== 0)
    throw new ThymusError('INTERNAL', 'the peer of the socket is unknown')
  return { pid: value.readInt32LE(0), uid: value.readUInt32LE(4), gid: value.readUInt32LE(8) }
}

const FINIT_MODULE: Readonly<Record<string, number>> = { x64: 313, arm64: 273 }

/** The number of the error with which the kernel refuses to load a file as a module (finit_module(2)); 0 if it loads it. */
export function moduleError(path: string): number {
  calls ??= load()
  const fd = openSync(path, 'r')
  try {
    return calls.finitModule(FINIT_MODULE[process.arch]!, fd, '', 0) === 0 ? 0 : koffi.errno()
  } finally {
    closeSync(fd)
  }
}

/** Gives what the C library has freed back to the kernel: it keeps it otherwise. */
export function returnFreedMemory(): void {
  calls ??= load()
  calls.mallocTrim(0)
}

/** Makes sure that what is pinned in `folder` lies on a bpf file system, mounting one at the folder above if need be; says where it had to. */
export function ensureBpfFileSystem(folder: string): string | undefined {
  const point = dirname(folder)
  const mounted = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[4] === point && line.includes(' - bpf '))
  if (mounted) return undefined
  mkdirSync(point, { recursive: true })
  mount('-t', 'bpf', 'bpf', point)
  return point
}

export function unmount(point: string): void {
  execFileSync('umount', [point], { stdio: 'pipe' })
}

function mount(...words: string[]): void {
  try {
    execFileSync('mount', words, { stdio: 'pipe' })
  } catch (cause) {
    throw new ThymusError('KERNEL_REFUSED', `mount ${words.join(' ')}`, { cause })
  }
}
