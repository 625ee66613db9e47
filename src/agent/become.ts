import { readdirSync, readFileSync } from 'node:fs'
import type { Confinement } from '../adapters/linux/confinement.ts'
import { prepare } from '../adapters/linux/landlock/prepare.ts'
import { FILES, landlockAbi, restrictSelf } from '../adapters/linux/landlock/restrict.ts'
import { CallError, execute, keepOnExec, resetSignal, setNoNewPrivileges } from '../adapters/linux/libc.ts'
import { refusalsOf } from '../adapters/linux/seccomp/filters.ts'
import { refuseCalls } from '../adapters/linux/seccomp/install.ts'
import { ThymusError } from '../core/errors.ts'

/** Node ignores them, and what is ignored stays so over execve. Numbers: x86 and arm. */
const IGNORED_BY_NODE = { SIGPIPE: 13, SIGXFSZ: 25 }
const STDIO = [0, 1, 2]
const EXIT_CANNOT_EXECUTE = 126
const EXIT_NOT_FOUND = 127

/**
 * This process restricts itself and becomes the command; its words are those of `lastWords`. Landlock and seccomp hold for one thread and all that
 * comes from it; Node has several threads, and execve leaves just the calling one, so that after it all of the process is confined.
 * @throws ThymusError PRIVILEGE if something is missing that the confinement does not accept, and USAGE if a descriptor is: nothing is restricted
 * yet; KERNEL_REFUSED; COMMAND, with process.exitCode as shells have it. After these two the process is confined and fit only to end.
 */
export function become(confinement: Confinement, words: readonly Buffer[]): never {
  const prepared = prepare(confinement, landlockAbi().abi, FILES)
  const missing = prepared.missing.find(({ code }) => !confinement.accepts.includes(code))
  if (missing?.verdict.is === 'unknown') {
    throw new ThymusError('PRIVILEGE', `${missing.title}: ${missing.verdict.why.text}`, { at: missing.code })
  }
  inherit(confinement)
  setNoNewPrivileges()
  restrictSelf(prepared)
  refuseCalls(refusalsOf(confinement.systemCalls))
  for (const number of Object.values(IGNORED_BY_NODE)) resetSignal(number)
  try {
    execute(words)
  } catch (cause) {
    if (!(cause instanceof CallError)) throw cause
    process.exitCode = cause.errno === 'ENOENT' ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE
    throw new ThymusError('COMMAND', cause.message, { at: words[0]!.toString().slice(0, -1), cause })
  }
}

/** The last words of our own command line, as bytes, each with its NUL: what is no UTF-8 would be lost in process.argv. */
export function lastWords(count: number): readonly Buffer[] {
  const bytes = readFileSync('/proc/self/cmdline')
  const words: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0, at) + 1
    words.push(bytes.subarray(at, end))
    at = end
  }
  return words.slice(words.length - count)
}

/** Of all that came with us the command gets what it is to have, and nothing else. */
function inherit({ descriptors }: Confinement): void {
  for (const fd of readdirSync('/proc/self/fd')) keepOnExec(Number(fd), false)
  const absent = [...STDIO, ...descriptors].find((fd) => !keepOnExec(fd, true))
  if (absent !== undefined) throw new ThymusError('USAGE', 'there is no such descriptor to inherit', { at: `fd ${absent}` })
}
