// Ending sockets from outside, in whatever network namespace they are: sock_diag(7), SOCK_DESTROY. The program that has the socket gets
// ECONNABORTED at once, instead of waiting for packets that are dropped.
import { closeSync, openSync } from 'node:fs'
import koffi from 'koffi'
import { ThymusError } from '../../core/errors.ts'
import type { CutSocket } from './bpf/layout.gen.ts'
import { errnoName } from './bpf/libbpf.ts'

const AF_NETLINK = 16
const AF_INET = 2
const AF_INET6 = 10
const SOCK_RAW_CLOEXEC = 3 | 0o2000000
const NETLINK_SOCK_DIAG = 4
const SOCK_DESTROY = 21
const NLM_F_REQUEST_ACK = 1 | 4
const CLONE_NEWNET = 0x4000_0000
/** struct nlmsghdr, struct inet_diag_req_v2. */
const HEADER = 16
const REQUEST = 56
const ALL_STATES = 0xffff_ffff
/** Whom the kernel does not know any more has gone by itself. */
const GONE = ['ENOENT', 'ESTALE']

function load() {
  const libc = koffi.load('libc.so.6')
  return {
    socket: libc.func('int socket(int family, int type, int protocol)'),
    send: libc.func('int64_t send(int fd, const void *bytes, size_t length, int flags)'),
    recv: libc.func('int64_t recv(int fd, void *bytes, size_t length, int flags)'),
    setns: libc.func('int setns(int fd, int kind)'),
  }
}
let calls: ReturnType<typeof load> | undefined

/**
 * Destroys TCP and connected UDP sockets of the network namespace that we are in, and says how many there still were. Each is named by its
 * ends and its cookie, so that no other one can be meant. @throws ThymusError KERNEL_REFUSED, when all others are destroyed
 */
export function destroySockets(sockets: readonly CutSocket[]): number {
  if (sockets.length === 0) return 0
  calls ??= load()
  const fd = calls.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_SOCK_DIAG)
  if (fd < 0) throw new ThymusError('KERNEL_REFUSED', `no sock_diag: ${errnoName()}`)
  try {
    return eachOf(sockets, (socket) => destroy(fd, socket)).filter(Boolean).length
  } finally {
    closeSync(fd)
  }
}

/** Does it with each, also after one has failed; then throws why the first did. */
export function eachOf<T, R>(list: readonly T[], work: (one: T) => R): R[] {
  const done: R[] = []
  const failures: unknown[] = []
  for (const one of list) {
    try {
      done.push(work(one))
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return done
}

/**
 * Runs `work` in the network namespace that a file names (`/proc/PID/ns/net`, `/run/netns/NAME`). `work` must not wait for anything: only
 * this thread is there, and it comes back when `work` returns. @throws ThymusError KERNEL_REFUSED
 */
export function inNamespace<T>(path: string, work: () => T): T {
  calls ??= load()
  const home = openSync('/proc/thread-self/ns/net', 'r')
  try {
    const there = openNamespace(path)
    try {
      if (calls.setns(there, CLONE_NEWNET) !== 0) throw new ThymusError('KERNEL_REFUSED', `setns: ${errnoName()}`, { at: path })
    } finally {
      closeSync(there)
    }
    try {
      return work()
    } finally {
      if (calls.setns(home, CLONE_NEWNET) !== 0) process.abort() // to go on in a namespace of somebody else is worse than to end
    }
  } finally {
    closeSync(home)
  }
}

function openNamespace(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    throw new ThymusError('KERNEL_REFUSED', 'no such network namespace', { at: path, cause })
  }
}

function destroy(fd: number, socket: CutSocket): boolean {
  const message = Buffer.alloc(HEADER + REQUEST)
  message.writeUInt32LE(message.length, 0)
  message.writeUInt16LE(SOCK_DESTROY, 4)
  message.writeUInt16LE(NLM_F_REQUEST_ACK, 6)
  // An IPv6 socket that talks to an IPv4 address is found by either family; IPv4 does not need a kernel that has IPv6.
  const v4 = isV4(socket.local) && isV4(socket.remote)
  message.writeUInt8(v4 ? AF_INET : AF_INET6, HEADER)
  message.writeUInt8(socket.protocol, HEADER + 1)
  message.writeUInt32LE(ALL_STATES, HEADER + 4)
  const id = HEADER + 8
  message.writeUInt16BE(socket.local_port, id)
  message.writeUInt16BE(socket.remote_port, id + 2)
  message.set(v4 ? socket.local.subarray(12) : socket.local, id + 4)
  message.set(v4 ? socket.remote.subarray(12) : socket.remote, id + 20)
  message.writeUInt32LE(socket.device, id + 36)
  message.writeBigUInt64LE(socket.cookie, id + 40)
  const answer = Buffer.alloc(4096)
  const { send, recv } = calls!
  if (Number(send(fd, message, message.length, 0)) < 0 || Number(recv(fd, answer, answer.length, 0)) < HEADER + 4)
    throw new ThymusError('KERNEL_REFUSED', `sock_diag: ${errnoName()}`)
  const error = answer.readInt32LE(HEADER)
  if (error === 0) return true
  const name = errnoName(error)
  if (GONE.includes(name)) return false
  throw new ThymusError('KERNEL_REFUSED', `SOCK_DESTROY: ${name}`)
}

function isV4(address: Uint8Array): boolean {
  return address.every((byte, index) => index > 11 || byte === (index > 9 ? 0xff : 0))
}
