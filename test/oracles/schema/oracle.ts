// Kubernetes and Gatekeeper themselves, as a process that Go builds and that answers line by line.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface Question {
  readonly mode: 'server' | 'gatekeeper' | 'constraint'
  readonly schema: unknown
  readonly legacy?: boolean
  readonly value: unknown
}

export interface Answer {
  readonly schemaError?: string
  readonly problems: readonly string[] | null
  readonly beside: readonly string[] | null
  readonly unknown: readonly string[] | null
  readonly defaulted: unknown
  readonly error?: string
}

const BUILT = join(import.meta.dirname, '../../../.cache/oracles/schema')

/** What is left of a test file's time; Go keeps what it has built, so that a later try ends sooner. */
const BUILD_MS = 45_000

export class SchemaOracle {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  }

  /** A text says why there is none. */
  static start(): SchemaOracle | string {
    try {
      mkdirSync(join(BUILT, '..'), { recursive: true })
      execFileSync('nice', ['go', 'build', '-o', BUILT, '.'], { cwd: import.meta.dirname, stdio: 'pipe', timeout: BUILD_MS })
    } catch (error) {
      return `Go cannot build the oracle: ${String(error).split('\n')[0]}`
    }
    return new SchemaOracle(spawn(BUILT, { stdio: ['pipe', 'pipe', 'ignore'] }))
  }

  async ask(questions: readonly Question[]): Promise<readonly Answer[]> {
    for (const question of questions) this.#child.stdin!.write(`${JSON.stringify(question)}\n`)
    const answers: Answer[] = []
    while (answers.length < questions.length) {
      const { value, done } = await this.#lines.next()
      if (done) throw new Error('the oracle has ended')
      answers.push(JSON.parse(value) as Answer)
    }
    return answers
  }

  stop(): void {
    this.#child.kill('SIGKILL')
  }
}
