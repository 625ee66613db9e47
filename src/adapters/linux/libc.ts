// What self-restriction needs of the C library, in one place. SAFETY, for all: a buffer that we pass is a Buffer that the caller holds until
// the call returns, and the kernel copies what it reads; sizes are those of the structure that the call is for. What restricts, restricts
// the calling thread alone: koffi makes its calls on JavaScript's own thread, which is the one that survives `execvp`.
import koffi from 'koffi'
import { ThymusError } from '../../core/errors.ts'

const PR_SET_NO_NEW_PRIVS = 38
const F_SETFD = 2
const FD_CLOEXEC = 1
const SIG_DFL = null
/** The same on all architectures (Linux 5.13, include/uapi/asm-generic/unistd.h). */
const LANDLOCK = { createRuleset: 444, addRule: 445, restrictSelf: 446 }
const SECCOMP: Readonly<Record<string, number>> = { x64: 317, arm64: 277 }
const SECCOMP_SET_MODE_FILTER = 1

function load() {
  const libc = koffi.load('libc.so.6')
  koffi.struct('sock_fprog', { len: 'uint16_t', filter: 'const void *' })
  return {
    prctl: libc.func('int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)'),
    fcntl: libc.func('int fcntl(int fd, int command, long value)'),
    signal: libc.func('void *signal(int number, void *handler)'),
    // The words are bytes that end with NUL, not strings: what is no UTF-8 comes through as it is. The last one must be null.
    execvp: libc.func('execvp', 'int', ['const void *', koffi.pointer('void *')]),
    createRuleset: libc.func('syscall', 'long', ['long', 'const void *', 'size_t', 'uint32_t']),
    addRule: libc.func('syscall', 'long', ['long', 'int', 'int', 'const void *', 'uint32_t']),
    restrictSelf: libc.func('syscall', 'long', ['long', 'int', 'uint32_t']),
    seccomp: libc.func('syscall', 'long', ['long', 'uint32_t', 'uint32_t', 'const sock_fprog *']),
  }
}
let loaded: ReturnType<typeof load> | undefined

function libc(): ReturnType<typeof load> {
  loaded ??= load()
  return loaded
}

/** A call that failed, by the name of its error, e.g. `ENOSYS`. */
export class CallError extends Error {
  readonly errno: string

  constructor(call: string) {
    const number = koffi.errno()
    const name = Object.entries(koffi.os.errno).find(([, value]) => value === number)?.[0] ?? `errno ${number}`
    super(`${call}: ${name}`)
    this.name = 'CallError'
    this.errno = name
  }
}

/** prctl(2) PR_SET_NO_NEW_PRIVS: from here on no execve gains a privilege, and so anyone may restrict themselves. */
export function setNoNewPrivileges(): void {
  succeed('prctl(PR_SET_NO_NEW_PRIVS)', libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
}

/** landlock_create_ruleset(2): a descriptor; with flag 1 and nothing else the version of the interface. @throws CallError */
export function landlockCreateRuleset(attributes: Buffer | null, flags = 0): number {
  const size = attributes?.length ?? 0
  return succeed('landlock_create_ruleset', libc().createRuleset(LANDLOCK.createRuleset, attributes, size, flags))
}

/** landlock_add_rule(2). `type` is enum landlock_rule_type. @throws CallError */
export function landlockAddRule(ruleset: number, type: number, attributes: Buffer): void {
  succeed('landlock_add_rule', libc().addRule(LANDLOCK.addRule, ruleset, type, attributes, 0))
}

/** landlock_restrict_self(2). @throws CallError */
export function landlockRestrictSelf(ruleset: number): void {
  succeed('landlock_restrict_self', libc().restrictSelf(LANDLOCK.restrictSelf, ruleset, 0))
}

/** seccomp(2) SECCOMP_SET_MODE_FILTER. `program` holds struct sock_filter, eight bytes each. @throws CallError */
export function seccompSetFilter(program: Buffer): void {
  const number = SECCOMP[process.arch]
  if (number === undefined) throw new ThymusError('KERNEL_REFUSED', `no system call numbers for ${process.arch}`)
  succeed('seccomp', libc().seccomp(number, SECCOMP_SET_MODE_FILTER, 0, { len: program.length / 8, filter: program }))
}

export function resetSignal(number: number): void {
  libc().signal(number, SIG_DFL)
}

/** Says whether a descriptor survives execve; false if there is none. */
export function keepOnExec(fd: number, keep: boolean): boolean {
  return libc().fcntl(fd, F_SETFD, keep ? 0 : FD_CLOEXEC) === 0
}

/**
 * execvp(3): becomes the command, which is looked for in PATH. Each word ends with NUL.
 * @throws CallError, and returns never
 */
export function execute(words: readonly Buffer[]): never {
  libc().execvp(words[0]!, [...words, null])
  throw new CallError('execve')
}

function succeed(call: string, result: number): number {
  if (result < 0) throw new CallError(call)
  return result
}
