// An emulated TPM as a process: swtpm from PATH, or from the lab's cache (lab/lab setup), in a folder of its own.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Tpm } from '../../src/adapters/linux/tpm/tpm.ts'
import type { Place } from '../../src/layers/hardware/tpm/place.ts'

const CACHE =
  process.env.THYMUS_LAB ??
  (process.env.XDG_CACHE_HOME !== undefined
    ? join(process.env.XDG_CACHE_HOME, 'thymus-lab')
    : process.getuid!() === 0
      ? '/var/cache/thymus-lab'
      : join(homedir(), '.cache/thymus-lab'))
const SYSTEM = join(CACHE, 'system')
const LIBRARIES = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu/swtpm'].map((path) => join(SYSTEM, path))
const START_MS = 10_000
const CMD_INIT = 2

interface Program {
  readonly path: string
  readonly env: NodeJS.ProcessEnv
}

function find(): Program | undefined {
  const installed = (process.env.PATH ?? '').split(delimiter).find((folder) => existsSync(join(folder, 'swtpm')))
  if (installed !== undefined) return { path: join(installed, 'swtpm'), env: process.env }
  const cached = join(SYSTEM, 'usr/bin/swtpm')
  return existsSync(cached) ? { path: cached, env: { ...process.env, LD_LIBRARY_PATH: LIBRARIES.join(':') } } : undefined
}

/** Why tests of a TPM cannot run here; undefined where they can. */
export const whyNoSwtpm = (): string | undefined => (find() === undefined ? 'there is no swtpm here (lab/lab setup fetches it)' : undefined)

/** Skips with the reason. */
export function needSwtpm(t: TestContext): boolean {
  const why = whyNoSwtpm()
  if (why !== undefined) t.skip(why)
  return why === undefined
}

export interface Swtpm extends AsyncDisposable {
  readonly place: Place
  readonly path: string
  /** Its certificates' roots and intermediates, in PEM; undefined where it has no certificates. */
  readonly authorities: { readonly root: string; readonly issuer: string } | undefined
  /** Ends it and starts it anew over the same state: as a machine that loses power. */
  restart(): Promise<void>
  /** Resets it without ending it, as a reboot does: it has to be started anew, and knows no session any more. */
  reset(): Promise<void>
  /** A signal to it, as STOP and CONT. */
  signal(name: NodeJS.Signals): void
}

/** @param certificates begin with the lab's TPM, which has endorsement certificates, where there is one */
export async function startSwtpm(certificates = false): Promise<Swtpm> {
  const program = find()!
  const folder = mkdtempSync(join(tmpdir(), 'thymus-swtpm-'))
  const [state, path, control] = [join(folder, 'state'), join(folder, 'tpm.sock'), join(folder, 'control.sock')]
  const factory = join(CACHE, 'tpm')
  const made = certificates && existsSync(join(factory, 'state'))
  cpSync(made ? join(factory, 'state') : mkdtempSync(join(folder, 'empty-')), state, { recursive: true })
  const read = (name: string) => readFileSync(join(factory, 'ca', name), 'utf8')
  let child = await start()
  return {
    place: { kind: 'unix', path },
    path,
    authorities: made ? { root: read('swtpm-localca-rootca-cert.pem'), issuer: read('issuer.pem') } : undefined,
    async restart() {
      await end(child)
      child = await start()
    },
    reset: () => controlled(control, CMD_INIT),
    signal: (name) => child.kill(name),
    async [Symbol.asyncDispose]() {
      await end(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }

  async function start(): Promise<ChildProcess> {
    rmSync(path, { force: true })
    const words = ['socket', '--tpm2', '--tpmstate', `dir=${state}`, '--server', `type=unixio,path=${path}`]
    const options = ['--ctrl', `type=unixio,path=${control}`, '--flags', 'not-need-init', '--seccomp', 'action=none']
    // On a leash: it ends with this process, however that ends.
    const process = spawn('setpriv', ['--pdeathsig', 'KILL', program.path, ...words, ...options], {
      env: program.env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    process.stderr.on('data', (chunk) => {
      said += chunk
    })
    const until = performance.now() + START_MS
    while (!listens(path)) {
      if (process.exitCode !== null || performance.now() > until) throw new Error(`swtpm did not start: ${said}`)
      await sleep(5)
    }
    return process
  }
}

/** The socket is there before anybody listens at it, which its flags tell (unix(7), SO_ACCEPTCON). */
const listens = (path: string) =>
  readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .some((line) => line.endsWith(` ${path}`) && line.split(' ')[3] === '00010000')

/** Objects, loaded and saved sessions: what a command that is careful leaves none of. */
export async function heldBy(tpm: Tpm): Promise<readonly number[]> {
  return [...(await tpm.handles(0x80000000)), ...(await tpm.handles(0x02000000)), ...(await tpm.handles(0x03000000))]
}

/** Ends it. Fails if whoever used it left anything in it. */
export async function endUnused(swtpm: Swtpm): Promise<void> {
  await using _ = swtpm
  await using tpm = await Tpm.open(swtpm.place)
  assert.deepEqual(await heldBy(tpm), [])
}

/** A command of the control channel with a word of zeros; the answer is a word that is zero too (swtpm_ioctls(3)). */
async function controlled(path: string, command: number): Promise<void> {
  const socket = connect(path)
  const words = Buffer.alloc(8)
  words.writeUInt32BE(command)
  socket.write(words)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  if (answer.readUInt32BE() !== 0) throw new Error(`swtpm refuses control command ${command}`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((done) => child.once('exit', done))
  child.kill('SIGKILL')
  await ended
}
