// The agent as a process: started in the background, waited for, and ended. What it does is its own business (src/agent).
import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Places } from '../agent/places.ts'
import { CODES, type Code, ThymusError } from '../core/errors.ts'
import type { Status } from '../server/api.ts'
import type { Client } from './client.ts'

/** The guard makes each rung deny something before it answers: a second on an idle machine, ten on a busy one. */
const START_MS = 60_000
/** Links and maps go one by one, and the kernel waits for RCU with each. */
const END_MS = 30_000
const POLL_MS = 50
const AGENT = join(import.meta.dirname, '../agent')

/** What there is to ask: an agent with a guard, one without the kernel, or none. */
export type Power = 'enforces' | 'only sees' | 'no agent'

/** @throws ThymusError whatever is wrong but that nobody answers */
export async function powerOf(client: Client): Promise<Power> {
  const status = await answerOf(client)
  if (status === undefined) return 'no agent'
  return status.agent.guard === null ? 'only sees' : 'enforces'
}

export interface Started {
  readonly status: Status
  /** It was not running before, and nobody else started it meanwhile. */
  readonly isOurs: boolean
  /** Why the kernel takes no part, where it was tried and refused. */
  readonly without?: ThymusError
}

/**
 * Makes sure that the agent runs, and waits until it answers. Where the kernel refuses what the guard needs, the agent runs without it.
 * @throws ThymusError what the agent says why it ended, or AGENT_DOWN naming its log
 */
export async function startAgent(at: Places, client: Client): Promise<Started> {
  const running = await answerOf(client)
  if (running !== undefined) return { status: running, isOurs: false }
  if (at.pins === null || at.groups === null) return launch('mind.ts', at, client)
  try {
    return await launch('guard.ts', at, client)
  } catch (error) {
    if (!(error instanceof ThymusError && isRefusal(error))) throw error
    return { ...(await launch('mind.ts', at, client)), without: error }
  }
}

/** Ends the agent, if there is one; says whether there was. What it put into the kernel stays, unless it is told to purge. */
export async function endAgent(at: Places, client: Client, purge: boolean): Promise<boolean> {
  const status = await answerOf(client)
  if (status !== undefined) {
    const { pid, guard } = status.agent
    await client.down(purge).catch((error: unknown) => {
      // It may be gone before its answer is. Whether it is, and not what it said, is what counts.
      if (!(error instanceof ThymusError && error.code === 'AGENT_DOWN')) throw error
    })
    await ended([pid, ...(guard === null ? [] : [guard])])
    return true
  }
  const holder = lockHolder(at.lock)
  if (holder === undefined) return false
  process.kill(holder, 'SIGTERM') // it has no mind that could be asked
  await ended([holder])
  return true
}

/** The process that holds a file locked by flock(2), as /proc/locks tells: `1: FLOCK ADVISORY WRITE PID MAJOR:MINOR:INODE 0 EOF`. */
export function lockHolder(path: string, locks: string = readFileSync('/proc/locks', 'utf8')): number | undefined {
  const file = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (file === undefined) return undefined
  for (const line of locks.split('\n')) {
    const [, kind, , , pid, place] = line.trim().split(/\s+/)
    if (kind !== 'FLOCK' || place?.split(':')[2] !== String(file.ino) || !sameDevice(place, file.dev)) continue
    return Number(pid) > 0 ? Number(pid) : undefined // 0 and -1 stand for processes that cannot be named from here, and for kill(2) they are many
  }
  return undefined
}

/** Does somebody refuse what the agent needs? Root is not always what it was: in a container even a chown may be refused. */
export function isRefusal({ code, message }: ThymusError): boolean {
  return /^(KERNEL_|PRIVILEGE$)/.test(code) || /\bE(PERM|ACCES|ROFS)\b/.test(message)
}

async function answerOf(client: Client): Promise<Status | undefined> {
  try {
    return await client.status()
  } catch (error) {
    if (error instanceof ThymusError && error.code === 'AGENT_DOWN') return undefined
    throw error
  }
}

async function launch(program: 'guard.ts' | 'mind.ts', at: Places, client: Client): Promise<Started> {
  if (program === 'guard.ts') process.umask(0o022) // the mind, which is another user, has to get through what is made here
  mkdirSync(at.run, { recursive: true, mode: at.pins === null ? 0o700 : 0o755 })
  const log = openSync(at.log, 'a')
  const from = statSync(at.log).size
  const [command, ...words] = await commandOf(program, at)
  const child = spawn(command!, words, { cwd: '/', detached: true, stdio: ['ignore', log, log] })
  closeSync(log)
  let failure: ThymusError | undefined
  child.on('error', (cause) => {
    failure = new ThymusError('AGENT_DOWN', `the agent could not be started: ${cause.message}`, { cause })
  })
  child.on('exit', (code, signal) => {
    failure = errorsIn(at.log, from)[0] ?? new ThymusError('AGENT_DOWN', `the agent ended at once (${signal ?? code})`, { at: at.log })
  })
  child.unref()
  for (const started = Date.now(); Date.now() - started < START_MS; await sleep(POLL_MS)) {
    const status = await answerOf(client)
    if (status !== undefined) return { status, isOurs: (status.agent.guard ?? status.agent.pid) === child.pid }
    // A second agent is one that somebody else started at the same time: it will answer.
    if (failure !== undefined && failure.code !== 'AGENT_SECOND') throw failure
    const [last, before] = errorsIn(at.log, from)
    if (last !== undefined && before !== undefined) {
      // The guard starts it again and again. Nothing is wrong with the kernel, so going without is no way out.
      failure = new ThymusError('AGENT_DOWN', `the mind ends as soon as it starts: ${last.code}: ${last.message}`, { at: at.log })
      break
    }
  }
  child.kill('SIGTERM')
  throw failure ?? new ThymusError('AGENT_DOWN', `the agent does not answer after ${START_MS / 1000} s; its log tells why`, { at: at.log })
}

/** Without a guard the mind has the user's own rights; it gives up those that it does not need. */
async function commandOf(program: 'guard.ts' | 'mind.ts', at: Places): Promise<readonly string[]> {
  if (program === 'guard.ts') return [process.execPath, '--disable-warning=ExperimentalWarning', join(AGENT, program)]
  for (const folder of [at.state, at.door]) mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { confinedMind } = await import('../agent/mind-confinement.ts')
  return confinedMind(at, []).command
}

/** The errors that the agent wrote into its log, the last one first. */
function errorsIn(log: string, from: number): ThymusError[] {
  const lines = readFileSync(log).subarray(from).toString().split('\n')
  return lines.reverse().flatMap((line) => {
    const [, code, message] = /^thymus: ([A-Z_]+): (.*)$/.exec(line) ?? []
    return code !== undefined && Object.hasOwn(CODES, code) ? [new ThymusError(code as Code, message!)] : []
  })
}

async function ended(pids: readonly number[]): Promise<void> {
  for (const started = Date.now(); pids.some(isAlive); await sleep(POLL_MS)) {
    if (Date.now() - started > END_MS) {
      throw new ThymusError('AGENT_DOWN', `the agent was asked to end, and still runs after ${END_MS / 1000} s`, {
        at: `pid ${pids.filter(isAlive)}`,
      })
    }
  }
}

/** A zombie is no more: whoever started it may never ask. */
export function isAlive(pid: number): boolean {
  const stat = `/proc/${pid}/stat`
  try {
    return existsSync(stat) && !/\) [ZX] /.test(readFileSync(stat, 'latin1'))
  } catch {
    return false
  }
}

/** makedev(3) of glibc, in the hexadecimal form of /proc/locks. */
function sameDevice(place: string, device: bigint): boolean {
  const [major, minor] = place.split(':').map((part) => BigInt(`0x${part}`)) as [bigint, bigint]
  return device === (((major & 0xfffn) << 8n) | (minor & 0xffn) | ((minor & 0xfffff00n) << 12n) | ((major & ~0xfffn) << 32n))
}
