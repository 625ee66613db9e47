// OPA's Go API beside ours: a process that Go builds, and that is asked in turn with our own work.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { RegoVersion } from '../../src/lang/rego/syntax/ast.ts'

/** A policy with the inputs about which it is asked. */
export interface RegoSet {
  readonly name: string
  readonly version: RegoVersion
  readonly modules: Readonly<Record<string, string>>
  readonly data: object
  readonly query: string
  readonly inputs: readonly unknown[]
}

const SOURCE = join(import.meta.dirname, 'opa')
const BUILT = join(import.meta.dirname, '../../.cache/peers/opa-bench')

export class OpaPeer {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #folder: string

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child
    this.#folder = folder
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  }

  /** A text says why there is none. */
  static start(sets: readonly RegoSet[]): OpaPeer | string {
    try {
      mkdirSync(join(BUILT, '..'), { recursive: true })
      execFileSync('go', ['build', '-o', BUILT, '.'], { cwd: SOURCE, stdio: 'pipe', timeout: 900_000 })
    } catch (error) {
      return `Go cannot build the peer: ${String(error).split('\n')[0]}`
    }
    const folder = mkdtempSync(join(tmpdir(), 'thymus-bench-'))
    const file = join(folder, 'sets.json')
    writeFileSync(file, JSON.stringify(sets))
    const child = spawn(BUILT, { stdio: ['pipe', 'pipe', 'ignore'] })
    child.stdin.write(`${file}\n`)
    return new OpaPeer(child, folder)
  }

  get pid(): number {
    return this.#child.pid!
  }

  async results(set: string): Promise<readonly unknown[]> {
    return (await this.#ask<{ results: readonly unknown[] }>({ set, results: true })).results
  }

  /** ns for one evaluation. */
  async time(set: string, evaluations: number): Promise<number> {
    return (await this.#ask<{ ns: number }>({ set, evaluations })).ns / evaluations
  }

  /** ns from text to the first answer. */
  async compile(set: string): Promise<number> {
    return (await this.#ask<{ ns: number }>({ set, compile: true })).ns
  }

  /** Bytes by which the heap grows when a set is prepared and asked once. */
  async memory(set: string): Promise<number> {
    return (await this.#ask<{ bytes: number }>({ set, memory: true })).bytes
  }

  stop(): void {
    this.#child.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #ask<T>(request: object): Promise<T> {
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`)
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('the peer has ended')
    return JSON.parse(value) as T
  }
}
