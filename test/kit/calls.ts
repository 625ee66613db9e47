// Makes system calls that a confinement refuses, and prints the error of each as JSON, or `ok` where it went through. Usage: calls.ts NAME…
// SAFETY: pointers are null or to zeros that live as long as the process; what goes through by accident changes nothing outside of it.
import koffi from 'koffi'
import { numberOf, type SystemCall } from '../../src/adapters/linux/seccomp/syscalls.ts'

const words = Array<string>(7).fill('long')
const syscall = koffi.load('libc.so.6').func('syscall', 'long', words) as (...words: (number | bigint)[]) => number
const zeros = Buffer.alloc(256)
const [AF_INET, AF_NETLINK, AF_VSOCK, SOCK_STREAM, IPPROTO_MPTCP, MSG_FASTOPEN] = [2, 16, 40, 1, 262, 0x2000_0000] as const
const CLONE_NEWUSER = 0x1000_0000

/** BPF_MAP_CREATE of an array with one element of four bytes. */
const arrayMap = Buffer.alloc(72)
for (const [index, value] of [2, 4, 4, 1].entries()) arrayMap.writeUInt32LE(value, index * 4)
/** struct sockaddr_in of port 9 (discard) on 127.0.0.1, where nobody listens. */
const discard = Buffer.from([2, 0, 0, 9, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])

const CALLS: Readonly<Record<string, () => number>> = {
  bpf: () => call('bpf', 0, arrayMap, arrayMap.length),
  memfd_create: () => call('memfd_create', zeros, 0),
  io_uring_setup: () => call('io_uring_setup', 1, zeros),
  perf_event_open: () => call('perf_event_open', zeros, 0, -1, -1, 0),
  ptrace: () => call('ptrace', 0), // PTRACE_TRACEME
  process_vm_readv: () => call('process_vm_readv', process.pid, 0, 0, 0, 0, 0),
  mount: () => call('mount', 0, 0, 0, 0, 0),
  unshare: () => call('unshare', CLONE_NEWUSER),
  setns: () => call('setns', 0, 0),
  keyctl: () => call('keyctl', 0, -3, 1), // KEYCTL_GET_KEYRING_ID of the session
  userfaultfd: () => call('userfaultfd', 1), // UFFD_USER_MODE_ONLY
  init_module: () => call('init_module', 0, 0, 0),
  clone3: () => call('clone3', 0, 0),
  'clone of a user namespace': () => call('clone', CLONE_NEWUSER | 0x0001_0000), // CLONE_THREAD without CLONE_SIGHAND: EINVAL
  'socket netlink': () => call('socket', AF_NETLINK, 3, 0),
  'socket vsock': () => call('socket', AF_VSOCK, SOCK_STREAM, 0),
  'socket inet': () => call('socket', AF_INET, SOCK_STREAM, 0),
  'socket mptcp': () => call('socket', AF_INET, SOCK_STREAM, IPPROTO_MPTCP),
  'sendto by fast open': () => call('sendto', call('socket', AF_INET, SOCK_STREAM, 0), zeros, 1, MSG_FASTOPEN, discard, discard.length),
}

function call(name: SystemCall, ...given: (number | Buffer)[]): number {
  const values = given.map((word) => (typeof word === 'number' ? word : koffi.address(word)))
  return syscall(numberOf(name, process.arch as 'x64' | 'arm64')!, ...values, ...Array<number>(6 - values.length).fill(0))
}

function outcome(name: string): string {
  if (CALLS[name]!() >= 0) return 'ok'
  const errno = koffi.errno()
  return Object.entries(koffi.os.errno).find(([, value]) => value === errno)?.[0] ?? `${errno}`
}

console.log(JSON.stringify(Object.fromEntries(process.argv.slice(2).map((name) => [name, outcome(name)]))))
