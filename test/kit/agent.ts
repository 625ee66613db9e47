// A whole agent of the test's own: guard, mind, socket, groups, below a folder that goes at the end. Kills by pid, never by name.
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { unifiedMount } from '../../src/adapters/linux/groups.ts'
import { type Places, placesOf } from '../../src/agent/places.ts'
import { purge } from '../../src/agent/purge.ts'
import type { Status } from '../../src/server/api.ts'
import { SLOWNESS } from '../runner/suites.ts'

const CHECKOUT = join(import.meta.dirname, '../..')
/** Less than a file may take, so that a hang is told with the words of the log. */
const PATIENCE = SLOWNESS === 1 ? 150_000 : 600_000

export class Agent {
  readonly home = mkdtempSync(join(tmpdir(), 'thymus-e2e-'))
  readonly at: Places
  readonly #env: NodeJS.ProcessEnv
  #guard: number | undefined

  /** @param config the text of its configuration file; without one it has the defaults, whatever the machine's own says */
  constructor(config = '{}') {
    chmodSync(this.home, 0o755) // the mind is another user
    const file = join(this.home, 'config.json')
    writeFileSync(file, config)
    this.#env = { THYMUS_HOME: this.home, THYMUS_CONFIG: file }
    this.at = placesOf({ uid: 0, env: this.#env, unified: unifiedMount(), checkout: CHECKOUT, writable: () => true })
  }

  /** Starts the guard, and with it the mind, and returns when it answers. @throws with the log's words if it ends instead */
  async up(): Promise<Status> {
    const log = openSync(join(this.home, 'guard.log'), 'a')
    const guard = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(CHECKOUT, 'src/agent/guard.ts')], {
      env: { ...process.env, ...this.#env },
      stdio: ['ignore', log, log],
    })
    this.#guard = guard.pid
    let ended = false
    guard.once('exit', () => {
      ended = true
    })
    const before = Date.now()
    while (Date.now() - before < PATIENCE) {
      const status = await this.get<Status>('/v1/status').catch(() => undefined)
      if (status && status.agent.guard === guard.pid) return status
      if (ended) throw new Error(this.log())
      await sleep(30)
    }
    throw new Error(`no answer: ${this.log()}`)
  }

  get guard(): number {
    return this.#guard!
  }

  log(): string {
    return readFileSync(join(this.home, 'guard.log'), 'utf8')
  }

  get<T>(path: string): Promise<T> {
    return this.#ask('GET', path)
  }

  post<T>(path: string, body: object): Promise<T> {
    return this.#ask('POST', path, body)
  }

  delete<T>(path: string): Promise<T> {
    return this.#ask('DELETE', path)
  }

  /** Ends a process and waits until it is gone. */
  async kill(pid: number): Promise<void> {
    process.kill(pid, 'SIGKILL')
    while (isAlive(pid)) await sleep(10)
  }

  async down(): Promise<void> {
    const status = await this.get<Status>('/v1/status').catch(() => undefined)
    for (const pid of [status?.agent.guard, status?.agent.pid, this.#guard]) if (pid && isAlive(pid)) await this.kill(pid)
    purge(this.at)
    rmSync(this.home, { recursive: true, force: true })
  }

  async #ask<T>(method: string, path: string, body?: object): Promise<T> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const headers = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
      const call = request({ socketPath: this.at.socket, method, path, headers, agent: false }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const answer = JSON.parse(Buffer.concat(chunks).toString()) as T
          if (response.statusCode === 200) resolve(answer)
          else reject(Object.assign(new Error(JSON.stringify(answer)), answer))
        })
      })
      call.on('error', reject)
      call.end(text)
    })
  }
}

export function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}
