// What is refused, and why. Each set is for one purpose; they add up. Error numbers are those to which programs know an answer.
import type { CallSet } from '../confinement.ts'
import type { Refusal } from './assemble.ts'
import type { SystemCall } from './syscalls.ts'

const EPERM = 1
const ENOSYS = 38
const EPROTONOSUPPORT = 93
const EOPNOTSUPP = 95
const EAFNOSUPPORT = 97

const AT_EMPTY_PATH = 0x1000
const MSG_FASTOPEN = 0x2000_0000
const AF_UNIX = 1
const AF_INET = 2
const AF_INET6 = 10
const AF_NETLINK = 16
const AF_ALG = 38
const IPPROTO_SMC = 256
const IPPROTO_MPTCP = 262
/** CLONE_NEW*: mount, cgroup, UTS, IPC, user, PID and network namespaces. CLONE_NEWTIME is no flag of clone(2). */
const NEW_NAMESPACE = 0x0002_0000 | 0x0200_0000 | 0x0400_0000 | 0x0800_0000 | 0x1000_0000 | 0x2000_0000 | 0x4000_0000

/**
 * Code without a name. Landlock lets files pass that are in no folder, so the ways to get at one are closed: no memfd, and no exec by a
 * descriptor alone. `/proc/self/fd/N` of a file that was deleted stays open; nothing but the kernel's own hook sees it.
 */
const FILELESS: readonly Refusal[] = [
  { call: 'memfd_create', errno: EPERM },
  { call: 'execveat', errno: EPERM, when: { argument: 4, hasAny: AT_EMPTY_PATH } },
]

/**
 * Roads that Landlock's TCP rules do not watch: connections made by sending (TCP Fast Open), TCP by another name (MPTCP, SMC: programs then fall
 * back to plain TCP), families that reach other machines without IP (vsock, TIPC…), and io_uring, which makes sockets past this filter.
 */
const NETWORK: readonly Refusal[] = [
  { call: 'io_uring_setup', errno: EPERM },
  { call: 'socket', errno: EAFNOSUPPORT, when: { argument: 0, isNoneOf: [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_ALG] } },
  { call: 'socket', errno: EPROTONOSUPPORT, when: { argument: 2, isOneOf: [IPPROTO_SMC, IPPROTO_MPTCP] } },
  { call: 'sendto', errno: EOPNOTSUPP, when: { argument: 3, hasAny: MSG_FASTOPEN } },
  { call: 'sendmsg', errno: EOPNOTSUPP, when: { argument: 2, hasAny: MSG_FASTOPEN } },
  { call: 'sendmmsg', errno: EOPNOTSUPP, when: { argument: 3, hasAny: MSG_FASTOPEN } },
]

/** Calls by which the kernel, other processes or the machine could be reached; a program that only computes has no use for any. */
const REACHING: readonly SystemCall[] = [
  ...(['bpf', 'perf_event_open', 'userfaultfd', 'io_uring_setup', 'fanotify_init'] as const),
  ...(['ptrace', 'process_vm_readv', 'process_vm_writev', 'process_madvise', 'pidfd_getfd', 'kcmp'] as const),
  ...([
    'mount',
    'umount2',
    'move_mount',
    'open_tree',
    'open_tree_attr',
    'fsopen',
    'fsconfig',
    'fsmount',
    'fspick',
    'mount_setattr',
  ] as const),
  ...(['pivot_root', 'chroot', 'setns', 'unshare', 'name_to_handle_at', 'open_by_handle_at'] as const),
  ...(['init_module', 'finit_module', 'delete_module', 'kexec_load', 'kexec_file_load', 'reboot'] as const),
  ...(['keyctl', 'add_key', 'request_key', 'syslog', 'acct', 'quotactl', 'quotactl_fd', 'swapon', 'swapoff'] as const),
  ...(['settimeofday', 'clock_settime', 'clock_adjtime', 'adjtimex', 'sethostname', 'setdomainname'] as const),
  ...(['iopl', 'ioperm', 'modify_ldt'] as const),
]

/** For the mind: what it never does. clone3 hides its flags from a filter, so it is "not there", and the C library falls back to clone. */
const KERNEL: readonly Refusal[] = [
  ...REACHING.map((call) => ({ call, errno: EPERM })),
  { call: 'clone3', errno: ENOSYS },
  { call: 'clone', errno: EPERM, when: { argument: 0, hasAny: NEW_NAMESPACE } },
  { call: 'socket', errno: EAFNOSUPPORT, when: { argument: 0, isNoneOf: [AF_UNIX, AF_INET, AF_INET6] } },
  { call: 'socketpair', errno: EAFNOSUPPORT, when: { argument: 0, isNoneOf: [AF_UNIX] } },
]

const SETS: Readonly<Record<CallSet, readonly Refusal[]>> = { fileless: FILELESS, network: NETWORK, kernel: KERNEL }

export function refusalsOf(sets: readonly CallSet[]): readonly Refusal[] {
  return sets.flatMap((set) => SETS[set])
}
