import { closeSync, constants, fstatSync, openSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { ThymusError } from '../../../core/errors.ts'
import { PASS, unknown, type Verdict } from '../../../core/verdict.ts'
import { CallError, landlockAddRule, landlockCreateRuleset, landlockRestrictSelf } from '../libc.ts'
import type { Files, Kind } from './executables.ts'
import type { Grant, Prepared } from './prepare.ts'

const CREATE_RULESET_VERSION = 1
const RULE_PATH_BENEATH = 1
const RULE_NET_PORT = 2
/** Node does not name it; the number is the same on all architectures that we run on. */
const O_PATH = 0o10_000_000

const WHY: Readonly<Record<string, string>> = {
  ENOSYS: 'the kernel was built without Landlock, or a filter hides it',
  EOPNOTSUPP: 'Landlock was not switched on at boot (kernel parameter lsm=)',
  EPERM: 'a filter around this process refuses Landlock',
}

/** The version of Landlock's interface, 0 where there is none, with the reason. Whether it denies anything is another question: see the self-test. */
export function landlockAbi(): { readonly abi: number; readonly verdict: Verdict } {
  try {
    const abi = landlockCreateRuleset(null, CREATE_RULESET_VERSION)
    closeSync(landlockCreateRuleset(attributesOf({ files: 1, tcp: 0, scope: 0 })))
    return { abi, verdict: PASS }
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    return { abi: 0, verdict: unknown('LANDLOCK', WHY[error.errno] ?? error.message) }
  }
}

/** Restricts the calling thread and all that comes from it, for good. It must have set no_new_privs. @throws ThymusError KERNEL_REFUSED */
export function restrictSelf({ handled, grants, ports }: Prepared): void {
  if ((handled.files | handled.tcp | handled.scope) === 0) return
  try {
    const ruleset = landlockCreateRuleset(attributesOf(handled))
    for (const grant of grants) grantPath(ruleset, grant)
    for (const { range, rights } of ports) for (let port = range[0]; port <= range[1]; port++) grantPort(ruleset, port, rights)
    landlockRestrictSelf(ruleset)
    closeSync(ruleset)
  } catch (cause) {
    if (!(cause instanceof CallError)) throw cause
    throw new ThymusError('KERNEL_REFUSED', cause.message, { cause })
  }
}

/** The file system as this process sees it. */
export const FILES: Files = {
  look: (path) => {
    try {
      const real = realpathSync.native(path)
      const stat = statSync(real)
      return { real, kind: stat.isDirectory() ? 'folder' : stat.isFile() ? 'file' : 'other' }
    } catch {
      return undefined
    }
  },
  list: (folder) => {
    try {
      return readdirSync(folder, { withFileTypes: true }).map((entry) => ({ name: entry.name, kind: kindOf(entry) }))
    } catch {
      return []
    }
  },
}

function kindOf(entry: { isDirectory(): boolean; isFile(): boolean; isSymbolicLink(): boolean }): Kind {
  if (entry.isDirectory()) return 'folder'
  if (entry.isFile()) return 'file'
  return entry.isSymbolicLink() ? 'link' : 'other'
}

/** struct landlock_ruleset_attr, whole: older kernels take the fields that they do not know as long as these are zero. */
function attributesOf({ files, tcp, scope }: Prepared['handled']): Buffer {
  const bytes = Buffer.alloc(24)
  for (const [index, value] of [files, tcp, scope].entries()) bytes.writeBigUInt64LE(BigInt(value), index * 8)
  return bytes
}

/** struct landlock_path_beneath_attr, packed. A path that has changed since it was looked at grants nothing. */
function grantPath(ruleset: number, { path, folder, rights }: Grant): void {
  const fd = openAt(path)
  if (fd === undefined) return
  try {
    if (fstatSync(fd).isDirectory() !== folder) return
    const bytes = Buffer.alloc(12)
    bytes.writeBigUInt64LE(BigInt(rights))
    bytes.writeInt32LE(fd, 8)
    landlockAddRule(ruleset, RULE_PATH_BENEATH, bytes)
  } finally {
    closeSync(fd)
  }
}

function openAt(path: string): number | undefined {
  try {
    return openSync(path, O_PATH | constants.O_NOFOLLOW)
  } catch {
    return undefined
  }
}

/** struct landlock_net_port_attr. */
function grantPort(ruleset: number, port: number, rights: number): void {
  const bytes = Buffer.alloc(16)
  bytes.writeBigUInt64LE(BigInt(rights))
  bytes.writeBigUInt64LE(BigInt(port), 8)
  landlockAddRule(ruleset, RULE_NET_PORT, bytes)
}
