// Where decisions are logged: a line each, whole or not at all, however slow the reader is.
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ThymusError } from '../core/errors.ts'

type Lost = (error: Error) => void

/** Bytes that wait for the reader of a pipe. */
const MAX_WAITING = 8 << 20
const RETRY_MS = 5
const STDOUT = 1
const LINE_END = 0x0a
/** A pipe that has a name is not to keep the server waiting either. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK

export class DecisionLines {
  readonly #file: number
  /** Of the first, what has not been taken yet. */
  readonly #waiting: { bytes: Buffer; readonly lost: Lost }[] = []
  #length = 0
  #timer: NodeJS.Timeout | undefined
  /** Whether what was written last has no end of a line. */
  #torn = false

  /** `console` is stdout, as in OPA's configuration; all else is a file, which is added to. @throws ThymusError USAGE */
  constructor(to: string) {
    try {
      this.#file = to === 'console' ? STDOUT : openSync(to, APPEND, 0o600)
    } catch (cause) {
      throw new ThymusError('USAGE', `it cannot be written (${(cause as NodeJS.ErrnoException).code})`, { at: to, cause })
    }
  }

  /** Writes a line, or has it wait for the reader; then `lost` is told if it could not be written after all. Throws where it is not taken. */
  write(line: string, lost: Lost): void {
    const waits = this.#waiting.length > 0
    const bytes = Buffer.from(`${!waits && this.#torn ? '\n' : ''}${line}\n`)
    if (waits && this.#length + bytes.length > MAX_WAITING) throw new Error('the decision log is read too slowly')
    const rest = waits ? bytes : this.#put(bytes)
    if (rest.length === 0) return
    this.#waiting.push({ bytes: rest, lost })
    this.#length += rest.length
    this.#timer ??= setTimeout(() => this.#goOn(), RETRY_MS)
  }

  /** Gives the reader so long to take what waits. */
  async close(graceMs: number): Promise<void> {
    for (const until = performance.now() + graceMs; this.#waiting.length > 0 && performance.now() < until; ) await sleep(RETRY_MS)
    clearTimeout(this.#timer)
    this.#lose(new Error('the decision log was not read to its end'))
    if (this.#file !== STDOUT) closeSync(this.#file)
  }

  #goOn(): void {
    this.#timer = undefined
    try {
      for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
        const rest = this.#put(first.bytes)
        this.#length -= first.bytes.length - rest.length
        first.bytes = rest
        if (rest.length > 0) {
          this.#timer = setTimeout(() => this.#goOn(), RETRY_MS)
          return
        }
        this.#waiting.shift()
      }
    } catch (error) {
      this.#lose(error as Error)
    }
  }

  /** Returns what a pipe has no room for. */
  #put(bytes: Buffer): Buffer {
    let rest = bytes
    try {
      while (rest.length > 0) {
        const taken = writeSync(this.#file, rest)
        this.#torn = rest[taken - 1] !== LINE_END
        rest = rest.subarray(taken)
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
    return rest
  }

  #lose(error: Error): void {
    this.#length = 0
    for (const { lost } of this.#waiting.splice(0)) lost(error)
  }
}
