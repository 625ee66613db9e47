// A client on one processor, and webhooks on another: whoever is asked has a core of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { scheduled } from './processes.ts'

export interface Load {
  readonly url: string
  /** PEM. */
  readonly ca: string
  readonly connections: number
  /** What is asked about: Pods that the templates have nothing against, or such as break some of them. */
  readonly pods: 'kept' | 'broken'
  /** Of a review, about. */
  readonly bytes: number
  /** Requests, of all connections together. */
  readonly count: number
}

export interface Carried {
  /** For one request, of all connections together. */
  readonly ns: number
  /** Requests that were allowed. */
  readonly allowed: number
  /** ms */
  readonly latencies: readonly number[]
}

/** What a load costs the server beside: processor time of a request, in ns. */
export interface Cost extends Carried {
  readonly cpu: number
}

const [CLIENT_CORE, SERVER_CORE] = [0, 1]

/** Why processes cannot be kept apart here; undefined where they can. */
export function whyNotApart(): string | undefined {
  if (availableParallelism() < 2) return 'there is one processor for client and server'
  return spawnSync('taskset', ['--version']).status === 0 ? undefined : 'there is no taskset (Debian: util-linux)'
}

class Pinned {
  readonly child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(core: number, main: string, ...args: string[]) {
    const command = ['-c', String(core), process.execPath, join(import.meta.dirname, main), ...args]
    this.child = spawn('taskset', command, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]()
  }

  async line<T>(): Promise<T> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('a process of the benchmark has ended')
    return JSON.parse(value) as T
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null) return
    const ended = new Promise((done) => this.child.once('exit', done))
    this.child.stdin!.end()
    await ended
  }
}

export const KINDS = ['templates', 'two', 'nothing'] as const
export type Kind = (typeof KINDS)[number]
type Server = Pinned & { at?: { readonly url: string; readonly ca: string } }

/** A webhook with all templates, one with two rules, one whose judge decides nothing, and a client of all. */
export class Webhooks {
  readonly #client: Pinned
  readonly #servers: Readonly<Record<Kind, Server>>

  private constructor() {
    const servers = KINDS.map((kind) => [kind, new Pinned(SERVER_CORE, 'webhook-server-main.ts', kind)] as const)
    this.#servers = Object.fromEntries(servers) as Record<Kind, Server>
    this.#client = new Pinned(CLIENT_CORE, 'webhook-client-main.ts')
  }

  static async start(): Promise<Webhooks> {
    const webhooks = new Webhooks()
    for (const server of Object.values(webhooks.#servers)) server.at = await server.line()
    return webhooks
  }

  async carry(kind: Kind, load: Omit<Load, 'url' | 'ca'>): Promise<Cost> {
    const server = this.#servers[kind]
    const ran = () => scheduled(server.child.pid!).ran
    const before = ran()
    this.#client.child.stdin!.write(`${JSON.stringify({ ...load, ...server.at! })}\n`)
    const carried = await this.#client.line<Carried>()
    return { ...carried, cpu: (ran() - before) / load.count }
  }

  async stop(): Promise<void> {
    for (const each of [this.#client, ...Object.values(this.#servers)]) await each.end()
  }
}
