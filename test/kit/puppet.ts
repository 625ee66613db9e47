// A process in a group and a network namespace of our choice that makes the system calls it is told to.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import type { TestContext } from 'node:test'
import { inGroup } from '../../src/adapters/linux/groups.ts'
import type { Answer, Command } from './puppet-main.ts'

const MAIN = join(import.meta.dirname, 'puppet-main.ts')
const AF_INET = 2
const AF_INET6 = 10
const SOL_SOCKET = 1
const SO_REUSEADDR = 2
const SO_RCVTIMEO = 20
const SO_SNDTIMEO = 21
const IPPROTO_MPTCP = 262
const MSG_FASTOPEN = 0x2000_0000
/** How long a call may wait for what never comes; a dropped SYN is sent again after a second. */
const PATIENCE_MS = 400

/** Family and bytes of an address in its usual text; `::ffff:` before an IPv4 one makes it an address of an IPv6 socket. */
export function inet(text: string): { readonly family: number; readonly address: string } {
  const v4 = (dotted: string) => Buffer.from(dotted.split('.').map(Number)).toString('hex')
  if (!text.includes(':')) return { family: AF_INET, address: v4(text) }
  if (text.includes('.')) return { family: AF_INET6, address: `00000000000000000000ffff${v4(text.slice(7))}` }
  const [head = '', tail] = text.split('::')
  const groups = (part: string | undefined) => (part ? part.split(':').map((group) => group.padStart(4, '0')) : [])
  const [front, back] = [groups(head), groups(tail)]
  return { family: AF_INET6, address: [...front, ...Array(8 - front.length - back.length).fill('0000'), ...back].join('') }
}

/** A puppet that ends with the test. */
export function lend(t: TestContext, puppet: Puppet): Puppet {
  t.after(() => puppet.stop())
  return puppet
}

export class Puppet {
  readonly #child: ChildProcess
  readonly #lines: Interface
  readonly #answers: AsyncIterator<string>

  /** Starts it: in `group`, or wherever we are; in the namespace of this name, or ours. */
  constructor(where: { readonly group?: string; readonly netns?: string } = {}) {
    const node = [process.execPath, MAIN]
    const command = where.netns === undefined ? node : ['ip', 'netns', 'exec', where.netns, ...node]
    const [file, ...words] = where.group === undefined ? command : inGroup(where.group, command)
    this.#child = spawn(file!, words, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#child.stdout! })
    this.#answers = this.#lines[Symbol.asyncIterator]()
  }

  get pid(): number {
    return this.#child.pid!
  }

  async ask(command: Command): Promise<Answer> {
    this.#child.stdin!.write(`${JSON.stringify(command)}\n`)
    const { value, done } = await this.#answers.next()
    if (done) throw new Error('the puppet has ended')
    return JSON.parse(value) as Answer
  }

  /** A socket whose calls give up after a moment. */
  async socket(type: 'tcp' | 'udp', family: 4 | 6): Promise<Socket> {
    const numbers = [family === 4 ? AF_INET : AF_INET6, type === 'tcp' ? 1 : 2, 0]
    return this.wrap((await this.ask({ call: 'socket', numbers })).value)
  }

  /** A raw IPv4 socket of a protocol. */
  async raw(protocol: number): Promise<Socket> {
    return this.wrap((await this.ask({ call: 'socket', numbers: [AF_INET, 3, protocol] })).value)
  }

  /** An MPTCP socket, where the kernel has them. */
  async mptcp(): Promise<Socket | undefined> {
    const { value } = await this.ask({ call: 'socket', numbers: [AF_INET, 1, IPPROTO_MPTCP] })
    return value < 0 ? undefined : this.wrap(value)
  }

  async wrap(fd: number): Promise<Socket> {
    const socket = new Socket(this, fd)
    await socket.patience(PATIENCE_MS)
    return socket
  }

  /** A TCP socket that listens at an address; its port is drawn if it is 0. */
  async listen(address: string, port = 0): Promise<Socket & { readonly port: number }> {
    const socket = await this.socket('tcp', address.includes(':') ? 6 : 4)
    await socket.option(SOL_SOCKET, SO_REUSEADDR, 1)
    await socket.must('bind', inet(address), port)
    await this.ask({ call: 'listen', fd: socket.fd })
    return Object.assign(socket, { port: await socket.boundPort() })
  }

  /** A UDP socket bound to an address. */
  async bound(address: string, port = 0): Promise<Socket & { readonly port: number }> {
    const socket = await this.socket('udp', address.includes(':') ? 6 : 4)
    await socket.must('bind', inet(address), port)
    return Object.assign(socket, { port: await socket.boundPort() })
  }

  /** A new TCP socket, connected; `ok` or the error's name. */
  async tryConnect(address: string, port: number): Promise<string> {
    const socket = await this.socket('tcp', address.includes(':') ? 6 : 4)
    const said = await socket.connect(address, port)
    await socket.close()
    return said
  }

  /** Takes over a socket of another puppet. */
  async carry(from: Puppet, socket: Socket): Promise<Socket> {
    return this.wrap((await this.ask({ call: 'carry', numbers: [from.pid, socket.fd] })).value)
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.#child.once('exit', done))
    this.#child.stdin!.end()
    if (this.#child.exitCode === null) await ended
    this.#lines.close()
  }
}

export class Socket {
  readonly #owner: Puppet
  readonly fd: number

  constructor(owner: Puppet, fd: number) {
    this.#owner = owner
    this.fd = fd
  }

  async connect(address: string, port: number): Promise<string> {
    return word(await this.#owner.ask({ call: 'connect', fd: this.fd, ...inet(address), port }))
  }

  /** Connects by TCP Fast Open: the first bytes travel in the SYN. */
  async fastOpen(address: string, port: number, bytes: string): Promise<string> {
    return word(await this.#owner.ask({ call: 'send', fd: this.fd, ...inet(address), port, bytes, numbers: [0, MSG_FASTOPEN] }))
  }

  /** Back to a socket that is connected to nobody. */
  async disconnect(): Promise<void> {
    await this.#owner.ask({ call: 'connect', fd: this.fd, family: 0, address: '00'.repeat(20) })
  }

  async listen(): Promise<void> {
    await this.#owner.ask({ call: 'listen', fd: this.fd })
  }

  async bind(address: string, port: number): Promise<string> {
    return word(await this.#owner.ask({ call: 'bind', fd: this.fd, ...inet(address), port }))
  }

  async accept(): Promise<Socket> {
    const { value, error } = await this.#owner.ask({ call: 'accept', fd: this.fd })
    if (error !== undefined) throw new Error(`accept: ${error}`)
    return this.#owner.wrap(value)
  }

  /** `ok` or the error's name. */
  async accepts(): Promise<string> {
    const { value, error } = await this.#owner.ask({ call: 'accept', fd: this.fd })
    if (error === undefined) await this.#owner.ask({ call: 'close', fd: value })
    return error ?? 'ok'
  }

  async send(bytes: string): Promise<string> {
    return word(await this.#owner.ask({ call: 'send', fd: this.fd, bytes }))
  }

  /** Sends so many bytes and says how many went. */
  async sendMany(count: number): Promise<number> {
    return (await this.#owner.ask({ call: 'send', fd: this.fd, numbers: [count] })).value
  }

  async sendTo(address: string, port: number, bytes: string): Promise<string> {
    return word(await this.#owner.ask({ call: 'send', fd: this.fd, ...inet(address), port, bytes }))
  }

  /** What came, or the error's name in brackets; `[EAGAIN]` if nothing came. */
  async receive(): Promise<string> {
    const { error, bytes } = await this.#owner.ask({ call: 'receive', fd: this.fd })
    return error === undefined ? bytes! : `[${error}]`
  }

  /** Receives until so many bytes came or nothing more does; yields how many. */
  async receiveMany(count: number): Promise<number> {
    let got = 0
    while (got < count) {
      const { value } = await this.#owner.ask({ call: 'receive', fd: this.fd })
      if (value <= 0) break
      got += value
    }
    return got
  }

  /** The port that the last datagram came from is what a server answers to. */
  async receiveFrom(): Promise<{ readonly bytes: string; readonly port: number }> {
    const { error, bytes, port } = await this.#owner.ask({ call: 'receive', fd: this.fd })
    return { bytes: error === undefined ? bytes! : `[${error}]`, port: port ?? 0 }
  }

  /** Sends datagrams for so long and so many at least: how many were taken, and the last error if there was one. */
  async flood(address: string, port: number, least: { readonly milliseconds: number; readonly datagrams: number }): Promise<Answer> {
    return this.#owner.ask({ call: 'flood', fd: this.fd, ...inet(address), port, numbers: [least.milliseconds, least.datagrams] })
  }

  /** Receives until nothing more comes: how many datagrams. */
  async soak(): Promise<number> {
    return (await this.#owner.ask({ call: 'soak', fd: this.fd })).value
  }

  async boundPort(): Promise<number> {
    return (await this.#owner.ask({ call: 'port', fd: this.fd })).value
  }

  async option(level: number, name: number, value: number): Promise<void> {
    await this.#owner.ask({ call: 'option', fd: this.fd, numbers: [level, name, value] })
  }

  async patience(milliseconds: number): Promise<void> {
    for (const name of [SO_RCVTIMEO, SO_SNDTIMEO]) {
      await this.#owner.ask({
        call: 'option',
        fd: this.fd,
        numbers: [SOL_SOCKET, name, Math.trunc(milliseconds / 1000), (milliseconds % 1000) * 1000],
      })
    }
  }

  async shutdown(): Promise<void> {
    await this.#owner.ask({ call: 'shutdown', fd: this.fd, numbers: [1] })
  }

  async close(): Promise<void> {
    await this.#owner.ask({ call: 'close', fd: this.fd })
  }

  async must(call: string, to: { readonly family: number; readonly address: string }, port: number): Promise<void> {
    const { error } = await this.#owner.ask({ call, fd: this.fd, ...to, port })
    if (error !== undefined) throw new Error(`${call}: ${error}`)
  }
}

function word({ error }: Answer): string {
  return error ?? 'ok'
}
