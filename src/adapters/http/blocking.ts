// HTTP for one who cannot wait for a promise: a thread asks, and the caller sleeps until it is woken or the time is up.
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { Asked, Reply } from './asker.ts'

/** Between the end of the asker's time and the end of the caller's patience. */
const GRACE_MILLISECONDS = 1_000

/** Implements the HttpPort of http.send. */
export class BlockingHttp {
  readonly hosts: readonly string[]
  #worker: Worker | undefined

  /** @param hosts that may be asked */
  constructor(hosts: readonly string[]) {
    this.hosts = hosts
  }

  /** Sends and waits. Throws Error where there is no answer in time, or one beyond 16 MiB. */
  send(asked: Asked): Reply {
    const { port1, port2 } = new MessageChannel()
    const signal = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
    this.#running().postMessage({ asked, port: port2, signal }, [port2])
    Atomics.wait(signal, 0, 0, asked.milliseconds + GRACE_MILLISECONDS)
    const message = receiveMessageOnPort(port1)?.message as { reply?: Reply; error?: string } | undefined
    port1.close()
    if (message?.reply === undefined) throw new Error(message?.error ?? 'request timed out')
    return { ...message.reply, body: Buffer.from(message.reply.body) }
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
    this.#worker = undefined
  }

  #running(): Worker {
    if (this.#worker === undefined) {
      this.#worker = new Worker(new URL('./asker.ts', import.meta.url))
      this.#worker.once('error', () => {
        this.#worker = undefined
      })
      this.#worker.unref()
    }
    return this.#worker
  }
}
