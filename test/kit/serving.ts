// `thymus admission serve` as a test has it: a process of its own, with a folder of policies.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { begin, type Ended, ended } from './cli.ts'

const PATIENCE_MS = 60_000
const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'thymus-serving-'))
  folders.push(folder)
  return folder
}

export class Serving {
  readonly folder: string
  readonly #child: ReturnType<typeof begin>
  readonly #end: Promise<Ended>
  readonly #agent: Agent
  readonly url: string
  #said: string

  private constructor(folder: string, child: ReturnType<typeof begin>, end: Promise<Ended>, url: string, said: string) {
    this.folder = folder
    this.#child = child
    this.#end = end
    this.url = url
    this.#said = said
    this.#agent = new Agent({ keepAlive: true, maxSockets: 32, ca: readFileSync(this.authorities) })
    child.stderr?.on('data', (text: string) => {
      this.#said += text
    })
  }

  /** Resolves when it listens. `files`: of the policies, by name; without any, the words say where they are. */
  static async start(files: Readonly<Record<string, string>>, ...words: readonly string[]): Promise<Serving> {
    const folder = tempFolder()
    mkdirSync(join(folder, 'policies'))
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'policies', name), text)
    const policies = Object.keys(files).length === 0 ? [] : ['--policy', join(folder, 'policies')]
    const own = [...policies, '--certificates', join(folder, 'certs'), '--listen', '127.0.0.1:0']
    const child = begin(['admission', 'serve', ...own, '--decision-log', join(folder, 'log'), ...words], { env: process.env })
    const end = ended(child)
    let said = ''
    const url = await new Promise<string>((resolve, reject) => {
      child.stderr?.on('data', (text: string) => {
        said += text
        const [, found] = /listening on (\S+)[\s\S]*next: /.exec(said) ?? []
        if (found !== undefined) resolve(found)
      })
      child.once('exit', () => reject(new Error(said)))
    })
    return new Serving(folder, child, end, url, said)
  }

  get authorities(): string {
    return join(this.folder, 'certs/authorities.pem')
  }

  get said(): string {
    return this.#said
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Of the decision log. */
  get decisions(): readonly { readonly decision: string; readonly failure?: string; readonly violations: readonly { action: string }[] }[] {
    return readFileSync(join(this.folder, 'log'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, 'policies', name), text)
  }

  remove(name: string): void {
    rmSync(join(this.folder, 'policies', name))
  }

  /** Waits until it has said so. */
  async says(pattern: RegExp): Promise<void> {
    await eventually(`it says ${pattern}: ${this.#said}`, async () => pattern.test(this.#said))
  }

  async review(review: object, { path = '/v1/admit?timeout=10s' } = {}): Promise<Response> {
    const { body } = await this.#ask('POST', path, JSON.stringify(review))
    return JSON.parse(body).response
  }

  async get(path: string): Promise<{ readonly status: number; readonly body: string }> {
    return this.#ask('GET', path)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  get ended(): Promise<Ended> {
    return this.#end
  }

  async stop(): Promise<Ended> {
    this.#agent.destroy()
    this.#child.kill('SIGTERM')
    return this.#end
  }

  #ask(method: string, path: string, body?: string): Promise<{ readonly status: number; readonly body: string }> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'Content-Type': 'application/json' }
      const sent = request(`${this.url}${path}`, { agent: this.#agent, method, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }))
        response.on('error', reject)
      })
      sent.on('error', reject)
      sent.end(body)
    })
  }
}

interface Response {
  readonly allowed: boolean
  readonly status?: { readonly message: string; readonly code: number }
  readonly warnings?: readonly string[]
  readonly patch?: string
}

export async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await sleep(50)) if (await holds()) return
  throw new Error(`it never came about: ${what}`)
}
