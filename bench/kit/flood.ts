// A process in a network namespace that sends datagrams to itself over loopback and says how long one takes.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const MAIN = join(import.meta.dirname, 'flood-main.ts')

export class Flood {
  readonly #child: ChildProcess
  readonly #answers: AsyncIterator<string>

  /** Datagrams go from and to `address`, to `port`. */
  constructor(netns: string, { address, port }: { readonly address: string; readonly port: number }) {
    this.#child = spawn('ip', ['netns', 'exec', netns, process.execPath, MAIN, address, String(port)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#answers = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]()
  }

  /** ns for a datagram, over some thousands. */
  async packetTime(): Promise<number> {
    this.#child.stdin!.write('\n')
    const { value, done } = await this.#answers.next()
    if (done) throw new Error('the flood has ended')
    return Number(value)
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.#child.once('exit', done))
    this.#child.stdin!.end()
    if (this.#child.exitCode === null) await ended
  }
}
