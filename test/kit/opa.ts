// A live OPA beside our engine: its own server on a socket of ours, so that one process judges hundreds of thousands of cases.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RegoVersion } from '../../src/lang/rego/syntax/ast.ts'
import { readJson } from '../../src/lang/rego/values/text.ts'
import type { Value } from '../../src/lang/rego/values/value.ts'

export const OPA_VERSION = '1.22.2'

const GOBIN = join(homedir(), 'go/bin/opa')

/** Path of an opa of OPA_VERSION that is there already. */
export const installedOpa = () => ['opa', GOBIN].find((path) => versionOf(path) === OPA_VERSION)

type Found = { readonly path: string } | { readonly why: string }

/** The same, or a text that says why there is none. `.ci/run` installs one where Go can. */
export function findOpa(): Found {
  const path = installedOpa()
  return path === undefined ? { why: `no opa ${OPA_VERSION} is installed` } : { path }
}

/** The same, installed now if need be: that takes minutes, more than a test has. */
export function obtainOpa(): Found {
  const found = findOpa()
  if ('path' in found) return found
  try {
    execFileSync('go', ['install', `github.com/open-policy-agent/opa@v${OPA_VERSION}`], { stdio: 'pipe', timeout: 900_000 })
  } catch (error) {
    return { why: `${found.why}, and Go cannot install it: ${String(error).split('\n')[0]}` }
  }
  return findOpa()
}

function versionOf(path: string): string | undefined {
  try {
    return /^Version: (\S+)/m.exec(execFileSync(path, ['version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))?.[1]
  } catch {
    return undefined
  }
}

/** An error as OPA's API tells it. */
export interface OpaError {
  readonly code: string
  readonly message: string
  readonly location?: { readonly file: string; readonly row: number; readonly col: number }
}

/** Go's server drops the connection of a handler that panics, and goes on; other failures end it, and it is started again without its data. */
export const PANIC: OpaError = { code: 'panic', message: 'OPA panicked' }

interface Reply {
  readonly status: number
  readonly body: string
}

/** The code of the error that ends an evaluation in which OPA leaves no rule out beforehand; undefined where it has an answer. */
export function errorWithoutIndex(opa: string, module: string, data: string, input: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'thymus-opa-'))
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const files = ['-d', file('g.rego', module), '-d', file('data.json', data), '-i', file('input.json', input)]
  const flags = ['eval', '-f', 'json', '--disable-indexing', '--disable-early-exit', ...files, 'data.g']
  try {
    const { stdout } = spawnSync(opa, flags, { encoding: 'utf8' })
    return (JSON.parse(stdout) as { errors?: OpaError[] }).errors?.[0]?.code
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function faultsIn(body: string): readonly OpaError[] {
  const { errors, code, message } = JSON.parse(body) as { errors?: OpaError[]; code: string; message: string }
  // A module that holds nothing is told by its message alone.
  if (errors === undefined && message.endsWith('rego_parse_error: empty module'))
    return [{ code: 'rego_parse_error', message: 'empty module' }]
  return errors ?? [{ code, message }]
}

export class OpaServer {
  readonly #begin: () => ChildProcess
  readonly #folder: string
  readonly #said: Buffer[] = []
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 })
  #child: ChildProcess | undefined

  private constructor(folder: string, begin: () => ChildProcess) {
    this.#folder = folder
    this.#begin = begin
  }

  /** `version`: how modules are read that do not say it. `more`: flags and files beside, in the folder `cwd`. */
  static async start(opa: string, version: RegoVersion, more: readonly string[] = [], cwd?: string): Promise<OpaServer> {
    const folder = mkdtempSync(join(tmpdir(), 'thymus-opa-'))
    const flags = ['run', '--server', '--addr', `unix://${folder}/socket`, '--log-level', 'error', '--skip-version-check', ...more]
    const words = version === 'v0' ? [...flags, '--v0-compatible'] : flags
    const server = new OpaServer(folder, () => spawn(opa, words, { stdio: ['ignore', 'ignore', 'pipe'], cwd }))
    await server.#start()
    return server
  }

  async #start(): Promise<void> {
    rmSync(this.socket, { force: true })
    const child = this.#begin()
    this.#child = child
    child.stderr?.on('data', (chunk: Buffer) => this.#said.push(chunk))
    for (;;) {
      if (child.exitCode !== null) throw new Error(`opa ended with status ${child.exitCode}`)
      const up = await this.#ask('GET', '/health', '').catch(() => undefined)
      if (up !== undefined) return
      await sleep(20)
    }
  }

  /** Where it answers; its own folder is around it. */
  get socket(): string {
    return join(this.#folder, 'socket')
  }

  /** The lines that it wrote so far that have a text in them. */
  lines(having: string): readonly string[] {
    const lines = Buffer.concat(this.#said).toString().split('\n').slice(0, -1)
    return lines.filter((line) => line.includes(having))
  }

  stop(): void {
    this.#agent.destroy()
    this.#child?.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Puts a module in place of the one of that name. What is wrong with it, or with it beside the others, as OPA says it: PANIC where it broke. */
  async put(name: string, text: string): Promise<readonly OpaError[]> {
    const reply = await this.#ask('PUT', `/v1/policies/${encodeURIComponent(name)}`, text).catch((error: NodeJS.ErrnoException) => error)
    if (reply instanceof Error) return [await this.#afterPanic(reply)]
    if (reply.status === 200) return []
    // What a panic cut off is no document.
    return reply.body.trimEnd().endsWith('}') ? faultsIn(reply.body) : [PANIC]
  }

  async remove(name: string): Promise<void> {
    await this.#ask('DELETE', `/v1/policies/${encodeURIComponent(name)}`, '')
  }

  /** Replaces all data. */
  async data(text: string): Promise<void> {
    await this.#ask('PUT', '/v1/data', text)
  }

  /** The document at a path (`a/b`), undefined where it is undefined; an error that ended the evaluation. */
  async ask(path: string, input: string | undefined): Promise<{ readonly value: Value | undefined } | { readonly error: OpaError }> {
    const text = input === undefined ? '{}' : `{"input":${input}}`
    const reply = await this.#ask('POST', `/v1/data/${path}`, text).catch((error: NodeJS.ErrnoException) => error)
    if (reply instanceof Error) return { error: await this.#afterPanic(reply) }
    if (reply.status !== 200) return { error: faultsIn(reply.body)[0]! }
    const document = readJson(reply.body) as { get(key: string): Value | undefined }
    return { value: document.get('result') }
  }

  async #afterPanic(error: NodeJS.ErrnoException): Promise<OpaError> {
    if (error.code !== 'ECONNRESET') throw error
    await sleep(500)
    if (this.#child?.exitCode !== null) await this.#start() // a stack that overflowed takes all with it
    return PANIC
  }

  #ask(method: string, path: string, body: string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const call = request({ agent: this.#agent, socketPath: this.socket, method, path }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }))
        response.on('error', reject)
      })
      call.on('error', reject)
      call.end(body)
    })
  }
}
