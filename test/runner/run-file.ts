// Runs one test file in a process and a folder of its own, and says what came of it. What it leaves behind counts as a failure.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { dissolveGroup, unifiedMount } from '../../src/adapters/linux/groups.ts'
import { placesOf } from '../../src/agent/places.ts'
import { purge } from '../../src/agent/purge.ts'
import type { Line } from './reporter.ts'
import { leftBehind, mountsBelow, processesOf, traces } from './traces.ts'

export interface Failure {
  readonly name: string
  readonly text: string
}

export interface FileResult {
  readonly file: string
  readonly seconds: number
  readonly passed: number
  readonly failures: readonly Failure[]
  /** Reason → how many tests were skipped for it. */
  readonly skipped: ReadonlyMap<string, number>
  /** The end of what the file wrote to its two outputs. */
  readonly output: string
}

/** `whole`: all its tests were reported. */
type Ended = Omit<FileResult, 'file' | 'seconds'> & { readonly whole: boolean }

export interface Limits {
  /** A file that takes longer is ended and has failed. */
  readonly seconds: number
  /**
   * Compare what of ours is on the machine before and after, and give it this long to go: only where nothing else of ours runs at the
   * same time. 0: do not compare.
   */
  readonly settleMs: number
}

const QUIET = '--disable-warning=ExperimentalWarning'
const CHECKOUT = join(import.meta.dirname, '../..')
const REPORTER = join(import.meta.dirname, 'reporter.ts')
/** Enough to see why a file crashed. */
const OUTPUT_CHARACTERS = 8_000
/** A file gets this much longer than its tests, and its children get it to follow the file. */
const FOLLOW_MS = 2_000
const running = new Set<ChildProcess>()

/** @param file relative to the folder of the project, which is the current one. */
export async function runFile(file: string, limits: Limits): Promise<FileResult> {
  const home = mkdtempSync(join(tmpdir(), 'thymus-'))
  const compares = limits.settleMs > 0 && process.getuid!() === 0 // nobody else can leave anything there
  const before = compares ? traces(home) : new Set<string>()
  const began = performance.now()
  try {
    const { whole, ...ended } = await runProcess(file, home, limits.seconds)
    const left = await leftovers(home)
    if (whole && compares) {
      const traced = await leftBehind(before, home, limits.settleMs)
      if (traced.length > 0) left.push({ name: 'leaves nothing on the machine', text: traced.join('\n') })
    }
    // Who was stopped half-way could not clean up.
    const failures = whole ? [...ended.failures, ...left] : ended.failures
    return { ...ended, file, failures, seconds: (performance.now() - began) / 1000 }
  } finally {
    removeInstances(join(home, 't'))
    remove(home)
  }
}

/** Ends every file that runs now, with all its children: for a runner that is itself interrupted. */
export function endAll(): void {
  for (const child of running) end(child)
}

async function runProcess(file: string, home: string, seconds: number): Promise<Ended> {
  const [events, output, temporary] = [join(home, 'events'), join(home, 'output'), join(home, 't')]
  mkdirSync(temporary)
  // As /tmp is: tests run programs as other users.
  chmodSync(home, 0o755)
  chmodSync(temporary, 0o1777)
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, THYMUS_HOME: ___, ...environment } = process.env
  const log = openSync(output, 'w')
  const child = spawn(process.execPath, [QUIET, `--test-timeout=${seconds * 1000}`, `--test-reporter=${REPORTER}`, file], {
    stdio: ['ignore', log, log],
    detached: true, // a process group, so that its children can be ended with it
    env: { ...environment, TMPDIR: temporary, THYMUS_TEST_EVENTS: events },
  })
  closeSync(log)
  running.add(child)
  const stopped = new AbortController()
  const exit = new Promise<string>((resolve) => {
    child.on('exit', (code, signal) => resolve(signal === null ? `exit status ${code}` : `signal ${signal}`))
    child.on('error', (error) => resolve(error.message))
  })
  const late = sleep(seconds * 1000 + FOLLOW_MS, 'late' as const, { signal: stopped.signal }).catch(() => 'late' as const)
  const how = await Promise.race([exit, late])
  stopped.abort()
  if (how === 'late') end(child)
  running.delete(child)
  const badly = how === 'late' ? `did not finish within ${seconds} s` : how === 'exit status 0' ? undefined : how
  return summarise(readLines(events), badly, tail(output))
}

/** @param badly how the process ended, unless it ended well. */
function summarise(lines: readonly Line[], badly: string | undefined, output: string): Ended {
  const failures: Failure[] = lines.flatMap((line) => (line.is === 'fail' ? [{ name: line.name, text: `${line.at}\n${line.text}` }] : []))
  const passed = lines.filter((line) => line.is === 'pass').length
  const skipped = new Map<string, number>()
  for (const line of lines) if (line.is === 'skip') skipped.set(line.why, (skipped.get(line.why) ?? 0) + 1)
  const last = lines.at(-1)
  const whole = last?.is === 'end'
  if (!whole && (badly !== undefined || lines.length > 0)) {
    failures.push({ name: 'reaches its end', text: badly ?? 'the process ended before its tests did' })
  } else if (badly !== undefined && failures.length === 0) {
    failures.push({ name: 'ends well', text: `${badly}\n${whole ? last.said : ''}` })
  } else if (passed + failures.length + skipped.size === 0) failures.push({ name: 'reports a test', text: 'none was reported' })
  return { passed, failures, skipped, output, whole }
}

/** Processes that outlive the file are ended here; files that it made and kept are only named. */
async function leftovers(home: string): Promise<Failure[]> {
  const failures: Failure[] = []
  let processes = processesOf(home)
  for (const until = Date.now() + FOLLOW_MS; processes.length > 0 && Date.now() < until; processes = processesOf(home)) await sleep(100)
  if (processes.length > 0) {
    failures.push({ name: 'leaves no process', text: processes.map(({ pid, words }) => `${pid} ${words}`).join('\n') })
    for (const { pid } of processes) kill(pid)
  }
  const temporary = join(home, 't')
  const files = existsSync(temporary) ? readdirSync(temporary, { recursive: true, encoding: 'utf8' }) : []
  if (files.length > 0) failures.push({ name: 'leaves no file', text: files.slice(0, 20).join('\n') })
  return failures
}

/** What an instance that was left has in the kernel. Every folder that a test makes may be one's home. */
function removeInstances(temporary: string): void {
  const unified = unifiedMount()
  if (process.getuid!() !== 0 || unified === undefined) return
  for (const name of readdirSync(temporary)) {
    try {
      purge(placesOf({ uid: 0, env: { THYMUS_HOME: join(temporary, name) }, unified, checkout: CHECKOUT, writable: () => true }))
      dissolveGroup(join(unified, name), unified)
    } catch (error) {
      console.error(`cannot clean up after ${name}: ${error}`)
    }
  }
}

/** What is mounted below is unmounted first, and the folder stays if that fails: it could be anything. */
function remove(home: string): void {
  for (const point of mountsBelow(home).reverse()) execFileSync('umount', [point], { stdio: 'inherit' })
  rmSync(home, { recursive: true, force: true })
}

function end(child: ChildProcess): void {
  if (child.pid !== undefined) kill(-child.pid)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}

function readLines(file: string): Line[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line)
}

function tail(file: string): string {
  const text = readFileSync(file, 'utf8').trim()
  return text.length > OUTPUT_CHARACTERS ? `…${text.slice(-OUTPUT_CHARACTERS)}` : text
}
