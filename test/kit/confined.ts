// Starts commands as `thymus run` does on a machine without privilege, by the launcher; as root, and as a user who may do nothing.
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { TestContext } from 'node:test'
import type { Confinement } from '../../src/adapters/linux/confinement.ts'
import { landlockAbi } from '../../src/adapters/linux/landlock/restrict.ts'

export const CHECKOUT = resolve(import.meta.dirname, '../..')
export const LAUNCHER = join(CHECKOUT, 'src/agent/confine.ts')
/** An ordinary user, and their group. */
export const NOBODY = 65_534
/** What becomes nobody without a single capability; an ordinary user can only be themselves. */
export const AS_NOBODY: readonly string[] =
  process.getuid!() === 0
    ? [...wayTo(CHECKOUT), 'setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--no-new-privs', '--bounding-set=-all']
    : []

export type Caller = 'root' | 'nobody'
/** An ordinary user can only be themselves. */
export const CALLERS: readonly Caller[] = process.getuid!() === 0 ? ['root', 'nobody'] : ['nobody']

/** Skips where the kernel's Landlock is older than the test needs, or the caller cannot read the checkout; with REQUIRE_KERNEL=1 that is a failure. */
export function needLandlock(t: TestContext, caller: Caller, version = 1): boolean {
  const { abi, verdict } = landlockAbi()
  let why: string | undefined
  if (abi < version) why = `needs Landlock ${version}, and has ${abi}${verdict.is === 'unknown' ? `: ${verdict.why.text}` : ''}`
  else if (as(caller, '/bin/sh', '-c', 'exec "$0" -e ""', process.execPath).status !== 0)
    why = `${caller} cannot run the checkout's Node: ${CHECKOUT} is not readable for all`
  if (why === undefined) return true
  if (process.env.REQUIRE_KERNEL === '1') throw new Error(`REQUIRE_KERNEL=1, but the test ${why}`)
  t.skip(why)
  return false
}

/** A folder that everybody may use, for one test. */
export function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'thymus-confined-'))
  chmodSync(folder, 0o777)
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function as(caller: Caller, ...command: string[]): SpawnSyncReturns<string> {
  const [file, ...words] = caller === 'nobody' ? [...AS_NOBODY, ...command] : command
  return spawnSync(file!, words, { encoding: 'utf8', timeout: 30_000, cwd: '/', env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } })
}

export function confined(caller: Caller, confinement: Partial<Confinement>, ...command: string[]): SpawnSyncReturns<string> {
  return as(caller, process.execPath, LAUNCHER, JSON.stringify(confinement), '--', ...command)
}

/** In a mount namespace of its own, stands open where it is closed to others: below root's home, as often. */
function wayTo(folder: string): string[] {
  let closed: string | undefined
  for (let at = dirname(folder); at !== '/'; at = dirname(at)) if ((statSync(at).mode & 1) === 0) closed = at
  if (closed === undefined) return []
  const open = [
    'exec 9<"$1" && mount -t tmpfs -o mode=755 tmpfs "$2" && mkdir -p "$1"',
    'mount --no-canonicalize --bind /proc/self/fd/9 "$1" && exec 9<&- && shift 2 && exec "$@"',
  ]
  return ['unshare', '--mount', 'sh', '-c', open.join(' && '), 'sh', folder, closed]
}
