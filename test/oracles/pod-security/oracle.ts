// The library of Kubernetes in a process of Go's, which answers one question a line.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

const BUILT = join(import.meta.dirname, '../../../.cache/oracles/pod-security')

/** See main.go. */
export interface Question {
  readonly pod?: object
  readonly policies?: readonly (readonly [level: string, version: string])[]
  readonly request?: object
  readonly configuration?: object
  readonly namespaces?: readonly object[]
  readonly pods?: readonly object[]
  readonly clusterMinor?: number
}

export interface Answer {
  readonly error?: string
  readonly verdicts?: readonly GoVerdict[]
  readonly of?: readonly number[]
  readonly response?: Readonly<Record<string, unknown>>
}

export interface GoVerdict {
  readonly allowed: boolean
  readonly reasons: readonly string[] | null
  readonly details: readonly string[] | null
  readonly reason: string
  readonly detail: string
}

export class Oracle {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  }

  /** A text says why there is none. A build that takes longer than a test has goes on from there the next time. */
  static start(): Oracle | string {
    try {
      mkdirSync(dirname(BUILT), { recursive: true })
      execFileSync('go', ['build', '-o', BUILT, '.'], { cwd: import.meta.dirname, stdio: 'pipe', timeout: 40_000 })
    } catch (error) {
      return `Go cannot build the oracle: ${String(error).split('\n')[0]}`
    }
    return new Oracle(spawn(BUILT, { stdio: ['pipe', 'pipe', 'ignore'] }))
  }

  /** Answers in the order of the questions. */
  async ask(questions: readonly Question[]): Promise<readonly Answer[]> {
    this.#child.stdin!.write(questions.map((question) => `${JSON.stringify(question)}\n`).join(''))
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
