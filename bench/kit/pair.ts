// A client and a server, each in a control group of its own, that talk over loopback.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { inGroup } from '../../src/adapters/linux/groups.ts'
import { scheduled } from './processes.ts'

const MAIN = join(import.meta.dirname, 'peer-main.ts')
/** The server may be behind the client by this. */
const BEHIND_MS = 20

export class Pair {
  readonly #server: ChildProcess
  readonly #client: ChildProcess
  readonly #answers: AsyncIterator<string>

  private constructor(server: ChildProcess, client: ChildProcess) {
    this.#server = server
    this.#client = client
    this.#answers = lines(client)
  }

  static async start(clientGroup: string, serverGroup: string): Promise<Pair> {
    const server = enter(serverGroup, 'serve')
    const { value, done } = await lines(server).next()
    if (done) throw new Error('the server has ended')
    return new Pair(server, enter(clientGroup, 'ask', value))
  }

  /** ns for one. */
  async time(what: 'connect' | 'request', count: number): Promise<number> {
    this.#client.stdin!.write(`${what} ${count}\n`)
    const { value, done } = await this.#answers.next()
    if (done) throw new Error('the client has ended')
    return Number(value)
  }

  /** ns of processor time for one, of both ends. */
  async cost(what: 'connect' | 'request', count: number): Promise<number> {
    const ran = () => scheduled(this.#client.pid!).ran + scheduled(this.#server.pid!).ran
    const before = ran()
    await this.time(what, count)
    await sleep(BEHIND_MS)
    return (ran() - before) / count
  }

  async stop(): Promise<void> {
    for (const child of [this.#client, this.#server]) {
      const ended = new Promise((done) => child.once('exit', done))
      child.kill('SIGKILL') // the server waits in a call that no signal handler interrupts
      if (child.exitCode === null && child.signalCode === null) await ended
    }
  }
}

function enter(group: string, ...more: string[]): ChildProcess {
  const [file, ...words] = inGroup(group, [process.execPath, MAIN, ...more])
  return spawn(file, words, { stdio: ['pipe', 'pipe', 'inherit'] })
}

function lines(child: ChildProcess): AsyncIterator<string> {
  return createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
}
