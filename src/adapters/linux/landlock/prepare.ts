// What Landlock is told. Specification: Documentation/userspace-api/landlock.rst and include/uapi/linux/landlock.h of Linux 6.18.
// Pure: the version of the interface and the file system are arguments, so what a kernel cannot do is known before anything is restricted.
import { type Check, unknown } from '../../../core/verdict.ts'
import type { Confinement, PortRange, Scope } from '../confinement.ts'
import { type Files, spellOut } from './executables.ts'

const EXECUTE = 1 << 0
const WRITE_FILE = 1 << 1
const READ_FILE = 1 << 2
const READ_DIR = 1 << 3
const REMOVE_AND_MAKE = 0b1_1111_1111 << 4
const MAKE_CHAR = 1 << 6
const MAKE_BLOCK = 1 << 11
/** To link or rename from one folder to another. */
const REFER = 1 << 13
const TRUNCATE = 1 << 14
const IOCTL_DEV = 1 << 15
const READ = READ_FILE | READ_DIR
const WRITE = WRITE_FILE | REMOVE_AND_MAKE | REFER | TRUNCATE | IOCTL_DEV
/** Nobody who is confined needs to make device nodes. */
const GRANTED_WRITE = WRITE & ~(MAKE_CHAR | MAKE_BLOCK)
/** Rights that a rule on something other than a folder may hold; the kernel refuses the others. */
const FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

const BIND_TCP = 1 << 0
const CONNECT_TCP = 1 << 1
const SCOPE_BITS: Readonly<Record<Scope, number>> = { 'abstract-sockets': 1 << 0, signals: 1 << 1 }

/** What came with a version of the interface after the first. */
const SINCE = { refer: 2, truncate: 3, tcp: 4, ioctl: 5, scope: 6 } as const

/** The kernel opens them itself for almost every program, and wants the right to execute for it. */
const LOADERS = ['/lib64/ld-linux-x86-64.so.2', '/lib/ld-linux-aarch64.so.1', '/lib/ld-musl-x86_64.so.1', '/lib/ld-musl-aarch64.so.1']

export interface Grant {
  /** A real path, without a slash at its end. */
  readonly path: string
  readonly folder: boolean
  readonly rights: number
}

export interface Prepared {
  /** What is denied unless granted; all zero: there is nothing to restrict. */
  readonly handled: { readonly files: number; readonly tcp: number; readonly scope: number }
  readonly grants: readonly Grant[]
  readonly ports: readonly { readonly range: PortRange; readonly rights: number }[]
  /** All that was asked for and will not be enforced as asked, each unknown with its reason. */
  readonly missing: readonly Check[]
}

/**
 * The ruleset for a confinement at a version (`abi`) of Landlock; 0 is a kernel without it.
 * @throws ThymusError POLICY_LIMIT
 */
export function prepare(confinement: Confinement, abi: number, files: Files): Prepared {
  const { tcpConnect, tcpBind, scope } = confinement
  const paths = new PathGrants(confinement, files)
  const wanted = paths.handled
  const tcp = (tcpBind === undefined ? 0 : BIND_TCP) | (tcpConnect === undefined ? 0 : CONNECT_TCP)
  const scoped = scope.reduce((bits, name) => bits | SCOPE_BITS[name], 0)
  const fileRights = wanted & rightsSince(abi)
  const missing = [...absent(wanted, tcp, scoped, abi), ...(fileRights === 0 ? [] : paths.missing)]
  const grants = fileRights === 0 ? [] : paths.grants.map((grant) => ({ ...grant, rights: grant.rights & fileRights }))
  const rights = abi < SINCE.tcp ? 0 : tcp
  return {
    handled: { files: fileRights, tcp: rights, scope: abi < SINCE.scope ? 0 : scoped },
    grants: grants.filter((grant) => grant.rights !== 0),
    ports: rights === 0 ? [] : [...portGrants(tcpBind, BIND_TCP), ...portGrants(tcpConnect, CONNECT_TCP)],
    missing,
  }
}

class PathGrants {
  readonly grants: Grant[] = []
  readonly missing: Check[] = []
  readonly handled: number
  readonly #files: Files

  constructor({ readable, writable, executable, notExecutable }: Confinement, files: Files) {
    this.#files = files
    const wanted = (readable ? READ : 0) | (writable ? WRITE : 0) | (executable ? EXECUTE : 0)
    // Unless it is handled and granted, REFER is denied by any ruleset, of whatever rights.
    this.handled = wanted === 0 ? 0 : wanted | REFER
    for (const path of readable ?? []) this.#grant('readable', path, READ)
    for (const path of writable ?? []) this.#grant('writable', path, READ | GRANTED_WRITE)
    if (writable === undefined) this.grants.push({ path: '/', folder: true, rights: REFER })
    if (executable === undefined) return
    const denied = (notExecutable ?? []).map((path) => this.#real(path))
    for (const path of spellOut(executable, denied, files)) this.#grant('executable', path, EXECUTE | READ)
    for (const path of LOADERS) if (files.look(path) !== undefined) this.#grant('loader', path, EXECUTE | READ)
  }

  #grant(list: string, given: string, rights: number): void {
    const found = this.#files.look(given)
    const path = withoutSlash(given)
    const miss = (code: string, text: string) =>
      this.missing.push(check(code, `${list}: ${path}`, `${text}, so it is granted nothing, now or later`))
    if (found === undefined) return void miss('PATH_ABSENT', 'it does not exist')
    const { real, kind } = found
    if (list === 'executable' && real !== path) return void miss('PATH_LINK', `it leads through a link to ${real}`)
    if ((kind === 'folder') !== given.endsWith('/')) return void miss('PATH_KIND', kind === 'folder' ? 'it is a folder' : 'it is no folder')
    const folder = kind === 'folder'
    this.grants.push({ path: real, folder, rights: folder ? rights : rights & FILE_RIGHTS })
  }

  /** An exception holds wherever its path leads to. */
  #real(given: string): string {
    const real = this.#files.look(given)?.real
    if (real === undefined) return given
    return given.endsWith('/') && real !== '/' ? `${real}/` : real
  }
}

function rightsSince(abi: number): number {
  if (abi === 0) return 0
  const since = (version: number, right: number) => (abi >= version ? right : 0)
  return (REFER - 1) | since(SINCE.refer, REFER) | since(SINCE.truncate, TRUNCATE) | since(SINCE.ioctl, IOCTL_DEV)
}

function* portGrants(ranges: readonly PortRange[] = [], rights: number): Generator<Prepared['ports'][number]> {
  for (const range of ranges) yield { range, rights }
}

/** What this version of Landlock does not have. */
function absent(files: number, tcp: number, scope: number, abi: number): Check[] {
  const says = `Landlock has version ${abi} here`
  const lacks = (code: string, wanted: number, since: number, title: string, text: string) =>
    wanted !== 0 && abi < since
      ? [check(code, title, `${text}: ${abi === 0 ? 'the kernel has no Landlock' : says}, it needs ${since}`)]
      : []
  return [
    ...lacks('LANDLOCK_FILES', files, 1, 'files', 'no access to files is restricted'),
    ...(abi === 0
      ? []
      : [
          ...lacks(
            'LANDLOCK_RENAME',
            files & REFER,
            SINCE.refer,
            'moving files',
            'nothing can be moved or linked to another folder at all',
          ),
          ...lacks(
            'LANDLOCK_TRUNCATE',
            files & TRUNCATE,
            SINCE.truncate,
            'truncating files',
            'files that may not be written can be emptied',
          ),
          ...lacks('LANDLOCK_DEVICES', files & IOCTL_DEV, SINCE.ioctl, 'devices', 'ioctl on devices that are open is free'),
        ]),
    ...lacks('LANDLOCK_TCP', tcp, SINCE.tcp, 'TCP ports', 'no TCP port is restricted'),
    ...lacks('LANDLOCK_SCOPE', scope, SINCE.scope, 'scope', 'signals and abstract sockets reach processes outside'),
  ]
}

function check(code: string, title: string, text: string): Check {
  return { code, title, verdict: unknown(code, text) }
}

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}
