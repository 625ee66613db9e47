// A program of Go's that asks other people's code: it is built once, and answers a question a line.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

const BUILT = join(import.meta.dirname, '../../.cache/oracles')
/** Less than a test file has; Go keeps what it has built, so that a later try goes on from there. */
const BUILD_MS = 45_000

export class Oracle<Question, Answer> {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  }

  /** Of the module in a folder, which is given the arguments; a text says why there is none. */
  static start<Question, Answer>(folder: string, args: () => readonly string[] = () => []): Oracle<Question, Answer> | string {
    const built = join(BUILT, basename(folder))
    try {
      mkdirSync(dirname(built), { recursive: true })
      go(folder, 'build', '-o', built, '.')
      return new Oracle(spawn(built, args(), { stdio: ['pipe', 'pipe', 'ignore'] }))
    } catch (error) {
      return `Go cannot build the oracle: ${String(error).split('\n')[0]}`
    }
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

/** What a `go` command says in a folder. */
export function go(folder: string, ...words: readonly string[]): string {
  return execFileSync('nice', ['go', ...words], { cwd: folder, stdio: 'pipe', timeout: BUILD_MS, encoding: 'utf8' }).trim()
}
