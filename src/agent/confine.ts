// Restricts itself, then becomes the command: `confine.ts DESCRIPTION -- COMMAND…`. DESCRIPTION is a Confinement in JSON, or `fd:N`, a descriptor
// to read it from. Landlock and seccomp hold for one thread and all that comes from it; Node has several threads, and execve leaves just this one,
// so that after it all of the process is confined. Exit status before the command runs: 64 the call is wrong, 77 the kernel cannot do all
// of it, 126 the command cannot be executed, 127 there is none, 1 anything else.
import { closeSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { type Confinement, parseConfinement } from '../adapters/linux/confinement.ts'
import { prepare } from '../adapters/linux/landlock/prepare.ts'
import { FILES, landlockAbi, restrictSelf } from '../adapters/linux/landlock/restrict.ts'
import { CallError, execute, keepOnExec, resetSignal, setNoNewPrivileges } from '../adapters/linux/libc.ts'
import { refusalsOf } from '../adapters/linux/seccomp/filters.ts'
import { refuseCalls } from '../adapters/linux/seccomp/install.ts'
import { exitStatus, ThymusError } from '../core/errors.ts'

const USAGE = 'confine.ts DESCRIPTION|fd:N -- COMMAND…'
/** Node ignores them, and what is ignored stays so over execve. Numbers: x86 and arm. */
const SIGPIPE = 13
const SIGXFSZ = 25
const STDIO = [0, 1, 2]
const EXIT_CANNOT_EXECUTE = 126
const EXIT_NOT_FOUND = 127

function confine(): never {
  const [description, dashes] = process.argv.slice(2)
  const command = commandWords()
  if (description === undefined || dashes !== '--' || command.length === 0) throw new ThymusError('USAGE', USAGE)
  const confinement = parseConfinement(textOf(description))
  const { abi } = landlockAbi()
  const prepared = prepare(confinement, abi, FILES)
  const refused = prepared.missing.find(({ code }) => !confinement.accepts.includes(code))
  if (refused?.verdict.is === 'unknown')
    throw new ThymusError('PRIVILEGE', `${refused.title}: ${refused.verdict.why.text}`, { at: refused.code })
  inherit(confinement)
  setNoNewPrivileges()
  restrictSelf(prepared)
  refuseCalls(refusalsOf(confinement.systemCalls))
  resetSignal(SIGPIPE)
  resetSignal(SIGXFSZ)
  become(command)
}

/** As bytes, from the kernel: what is no UTF-8 would be lost in process.argv. */
function commandWords(): Buffer[] {
  const bytes = readFileSync('/proc/self/cmdline')
  const words: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0, at) + 1
    words.push(bytes.subarray(at, end))
    at = end
  }
  const count = process.argv.length - 4
  return count > 0 ? words.slice(-count) : []
}

function textOf(description: string): string {
  const fd = /^fd:(\d{1,7})$/.exec(description)?.[1]
  if (fd === undefined) return description
  try {
    const text = readFileSync(Number(fd), 'utf8')
    closeSync(Number(fd))
    return text
  } catch (cause) {
    throw new ThymusError('USAGE', 'the descriptor cannot be read', { at: description, cause })
  }
}

/** Of all that came with us the command gets what it is to have, and nothing else. */
function inherit({ descriptors }: Confinement): void {
  const kept = [...STDIO, ...descriptors]
  for (const fd of readdirSync('/proc/self/fd')) keepOnExec(Number(fd), false)
  const absent = kept.find((fd) => !keepOnExec(fd, true))
  if (absent !== undefined) throw new ThymusError('USAGE', 'there is no such descriptor to inherit', { at: `fd ${absent}` })
}

function become(command: readonly Buffer[]): never {
  try {
    execute(command)
  } catch (cause) {
    if (!(cause instanceof CallError)) throw cause
    process.exitCode = cause.errno === 'ENOENT' ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE
    throw new ThymusError('COMMAND', cause.message, { at: command[0]!.toString().slice(0, -1), cause })
  }
}

try {
  confine()
} catch (error) {
  const { code, message, at } = error instanceof ThymusError ? error : new ThymusError('INTERNAL', String(error))
  writeSync(2, `thymus: ${code}: ${message}${at === undefined ? '' : ` (at ${at})`}\n`)
  process.exitCode ??= exitStatus(code)
}
