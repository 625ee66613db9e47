// A way to a server that can be cut, as networks are.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Connections to a port that can be cut, and refused for a while. */
export class Link {
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  #isOpen = true

  private constructor(port: number) {
    this.#server = createServer((socket) => {
      if (!this.#isOpen) return void socket.destroy()
      const other = connect(port, '127.0.0.1')
      for (const each of [socket, other]) {
        this.#sockets.add(each)
        each.on('error', () => {}).on('close', () => this.#sockets.delete(each))
      }
      socket.on('close', () => other.destroy())
      other.on('close', () => socket.destroy())
      socket.pipe(other).pipe(socket)
    })
  }

  static async to(port: number): Promise<Link> {
    const link = new Link(port)
    await new Promise<void>((resolve) => link.#server.listen(0, '127.0.0.1', resolve))
    return link
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  cut(): void {
    this.#isOpen = false
    for (const socket of this.#sockets) socket.destroy()
  }

  mend(): void {
    this.#isOpen = true
  }

  close(): void {
    this.cut()
    this.#server.close()
  }
}
