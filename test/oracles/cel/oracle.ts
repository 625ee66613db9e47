// cel-go in Kubernetes' own environment, in a process of Go's, which answers one question a line.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

const BUILT = join(import.meta.dirname, '../../../.cache/oracles/cel')

export interface Question {
  readonly expression: string
  readonly variables?: object
}

/** See main.go: either a value, written so that types are told apart, or an error. */
export interface Answer {
  readonly value?: unknown
  readonly type?: string
  readonly cost: number
  readonly error?: 'compile' | 'eval' | 'limit' | 'panic' | 'variables'
  readonly message?: string
}

/** A whole policy asked about one request: see rules.go. */
export interface Review {
  readonly spec: object
  readonly object: object | null
  readonly oldObject?: object | null
  readonly params?: object | null
  readonly namespace?: object | null
  readonly operation: string
  readonly user: string
}

export interface Verdict {
  readonly decisions: readonly { readonly action: string; readonly evaluation: string; readonly message: string; readonly reason: string }[]
  readonly annotations: readonly { readonly key: string; readonly action: string; readonly value: string; readonly error: string }[]
}

export class Oracle {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  }

  /** A text says why there is none. */
  static start(): Oracle | string {
    try {
      mkdirSync(dirname(BUILT), { recursive: true })
      execFileSync('go', ['build', '-o', BUILT, '.'], { cwd: import.meta.dirname, stdio: 'pipe', timeout: 900_000 })
    } catch (error) {
      return `Go cannot build the oracle: ${String(error).split('\n')[0]}`
    }
    return new Oracle(spawn(BUILT, { stdio: ['pipe', 'pipe', 'ignore'] }))
  }

  /** Answers in the order of the questions. */
  ask(questions: readonly Question[]): Promise<readonly Answer[]> {
    return this.#answers(questions)
  }

  judge(reviews: readonly Review[]): Promise<readonly Verdict[]> {
    return this.#answers(reviews.map((review) => ({ review })))
  }

  async #answers<T>(questions: readonly object[]): Promise<readonly T[]> {
    this.#child.stdin!.write(questions.map((question) => `${JSON.stringify(question)}\n`).join(''))
    const answers: T[] = []
    while (answers.length < questions.length) {
      const { value, done } = await this.#lines.next()
      if (done) throw new Error('the oracle has ended')
      answers.push(JSON.parse(value) as T)
    }
    return answers
  }

  stop(): void {
    this.#child.kill('SIGKILL')
  }
}
