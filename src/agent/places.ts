import { accessSync, constants, mkdirSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { unifiedMount } from '../adapters/linux/groups.ts'

/** Where an instance keeps what it has. One machine can hold several; they share nothing. */
export interface Places {
  readonly instance: string
  /** Database and segments; the only folder that the mind may write, with `run`. */
  readonly state: string
  /** Socket, lock, logs. */
  readonly run: string
  readonly socket: string
  readonly lock: string
  readonly log: string
  readonly manifest: string
  /** Folder of a bpf file system; null for an ordinary user. */
  readonly pins: string | null
  /** Control group above all that we make; null where there is no unified hierarchy or no privilege. */
  readonly groups: string | null
  readonly objects: string
  /** The agent's mind runs as this user: numeric, since no account is made for it. Nothing else has it (Debian reserves 65530). */
  readonly user: number
}

export interface Surroundings {
  readonly uid: number
  readonly env: Readonly<Record<string, string | undefined>>
  readonly unified: string | undefined
  /** Folder of the checkout. */
  readonly checkout: string
  readonly writable: (folder: string) => boolean
}

const MIND_USER = 65_530

/** Root's default is the system's folders; with THYMUS_HOME all is below that; an ordinary user's is below the home folder, or /tmp. */
export function placesOf({ uid, env, unified, checkout, writable }: Surroundings): Places {
  const home = env.THYMUS_HOME === undefined ? undefined : resolve(env.THYMUS_HOME)
  const instance = home === undefined ? 'thymus' : `thymus-${basename(home)}`
  const [state, run] = foldersOf(uid, env, home, writable)
  const privileged = uid === 0
  return {
    instance,
    state,
    run,
    socket: join(run, 'api.sock'),
    lock: join(run, 'agent.lock'),
    log: join(run, 'agent.log'),
    manifest: join(run, 'kernel.json'),
    pins: !privileged ? null : home === undefined ? '/sys/fs/bpf/thymus' : join(home, 'bpf/thymus'),
    groups: privileged && unified !== undefined ? join(unified, instance) : null,
    objects: join(checkout, 'kernel/build'),
    user: privileged ? MIND_USER : uid,
  }
}

/** The places of this process. */
export function places(): Places {
  return placesOf({
    uid: process.getuid!(),
    env: process.env,
    unified: unifiedMount(),
    checkout: resolve(import.meta.dirname, '../..'),
    writable: canWrite,
  })
}

function foldersOf(
  uid: number,
  env: Surroundings['env'],
  home: string | undefined,
  writable: (folder: string) => boolean,
): [state: string, run: string] {
  if (home !== undefined) return [join(home, 'state'), join(home, 'run')]
  if (uid === 0) return ['/var/lib/thymus', '/run/thymus']
  const base = [env.XDG_STATE_HOME, env.HOME && join(env.HOME, '.local/state')].find((folder) => folder && writable(folder))
  const folder = base ? join(base, 'thymus') : `/tmp/thymus-${uid}`
  return [join(folder, 'state'), join(folder, 'run')]
}

function canWrite(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}
