// Gatekeeper's mutation and expansion, as a process that Go builds and that answers line by line.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface Question {
  /** A location to parse; nothing else is asked then. */
  readonly path?: string
  /** The object is expanded where there are any. */
  readonly templates?: readonly unknown[]
  readonly mutators?: readonly unknown[]
  readonly object?: unknown
  readonly namespace?: unknown
  readonly source?: string
  readonly operation?: string
  /** A UUID: the mutation is told in annotations. */
  readonly annotate?: string
}

export interface Answer {
  readonly nodes?: readonly { readonly field?: string; readonly key?: string; readonly value?: string; readonly number?: string }[]
  /** Of each mutator, or each template: why it was not taken; empty where it was. */
  readonly rejected: readonly string[]
  readonly conflicts: readonly string[]
  readonly mutated: boolean
  readonly object?: unknown
  readonly resultants?: readonly { readonly template: string; readonly enforcementAction: string; readonly object: unknown }[]
  readonly error?: string
}

const BUILT = join(import.meta.dirname, '../../../.cache/oracles/mutation')
const MODULE = 'github.com/open-policy-agent/gatekeeper/v3'

export class MutationOracle {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  }

  /** A text says why there is none. */
  static start(): MutationOracle | string {
    // Less than a test file may take: a build that is broken off goes on where it was the next time.
    const go = (...words: readonly string[]) =>
      execFileSync('nice', ['go', ...words], { cwd: import.meta.dirname, stdio: 'pipe', timeout: 40_000, encoding: 'utf8' }).trim()
    try {
      mkdirSync(join(BUILT, '..'), { recursive: true })
      go('build', '-o', BUILT, '.')
      const folder = go('list', '-m', '-f', '{{.Dir}}', MODULE)
      return new MutationOracle(spawn(BUILT, [join(folder, 'charts/gatekeeper/crds')], { stdio: ['pipe', 'pipe', 'ignore'] }))
    } catch (error) {
      return `Go cannot build the oracle: ${String(error).split('\n')[0]}`
    }
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
