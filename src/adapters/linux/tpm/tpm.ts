// A TPM that is used: one command after the other, those that it could not begin again, and nothing left behind in it.
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { ThymusError } from '../../../core/errors.ts'
import { type Command, HEADER_SIZE, prepare, responseCode } from '../../../layers/hardware/tpm/command.ts'
import { flushContext } from '../../../layers/hardware/tpm/commands/objects.ts'
import { handles, startup } from '../../../layers/hardware/tpm/commands/platform.ts'
import type { Place } from '../../../layers/hardware/tpm/place.ts'
import { AGAIN, RC, TpmRefusal } from '../../../layers/hardware/tpm/response-code.ts'
import type { Use } from '../../../layers/hardware/tpm/session.ts'
import { type Channel, openChannel } from './channel.ts'

/** The kernel gives a command that makes an RSA key as long (tpm2-cmd.c, TPM2_DURATION_LONG_LONG is 300 s; keys of 2,048 bits take less). */
const ANSWER_MS = 120_000
/** A TPM that tests itself after a start is done within a second or two. */
const AGAIN_MS = 10_000
const FIRST_PAUSE_MS = 5
const LONGEST_PAUSE_MS = 500
/** Handles of what is transient: loaded sessions, saved sessions, objects (part 2, 7.2). Nothing else is ever flushed. */
const TRANSIENT: ReadonlySet<number> = new Set([0x02, 0x03, 0x80])

export interface TpmOptions {
  /** Milliseconds that an answer may take; 120,000 where it is left out. */
  readonly within?: number
  /** Milliseconds for which a command that the TPM cannot begin is sent again; 10,000 where it is left out. */
  readonly patience?: number
}

export interface RunOptions {
  /** Gives the caller back its time. The TPM finishes the command all the same; what that makes is flushed. */
  readonly signal?: AbortSignal | undefined
}

interface Done<T> {
  readonly value: T
  /** Handle of what was made; 0 where nothing was. */
  readonly made: number
}

export class Tpm implements AsyncDisposable {
  readonly #channel: Channel
  readonly #within: number
  readonly #patience: number
  readonly #held = new Set<number>()
  #last: Promise<unknown> = Promise.resolve()
  #closing = false

  private constructor(channel: Channel, { within = ANSWER_MS, patience = AGAIN_MS }: TpmOptions) {
    this.#channel = channel
    this.#within = within
    this.#patience = patience
  }

  /** Opens it, and starts an emulator that nobody has started yet. @throws ThymusError TPM_ABSENT, PRIVILEGE */
  static async open(place: Place, options: TpmOptions = {}): Promise<Tpm> {
    const tpm = new Tpm(await openChannel(place), options)
    try {
      if (place.kind !== 'device') await tpm.#start()
      return tpm
    } catch (error) {
      await tpm.#channel.close()
      throw error
    }
  }

  /**
   * Runs a command.
   * @param uses authorizations of its entities in their order, then sessions that protect parameters
   * @throws TpmRefusal, ThymusError TPM_SESSION, TPM_ABSENT, FORMAT; the signal's reason
   */
  async run<T>(command: Command<T>, uses: readonly Use[] = [], { signal }: RunOptions = {}): Promise<T> {
    signal?.throwIfAborted()
    if (this.#closing) throw new ThymusError('TPM_ABSENT', 'the TPM is being let go of')
    const turn = this.#queue(command, uses)
    if (signal === undefined) return (await turn).value
    return (await abandonable(turn, signal, ({ made }) => this.#forget(made))).value
  }

  /** Runs a command that makes something, which is flushed at the end of its `await using`. */
  async hold<T extends object>(command: Command<T>, uses: readonly Use[] = [], options: RunOptions = {}): Promise<T & AsyncDisposable> {
    let handle = 0
    const read: Command<T>['read'] = (answer, made) => {
      handle = made
      return command.read(answer, made)
    }
    const value = await this.run({ ...command, read }, uses, options)
    return Object.assign(value, { [Symbol.asyncDispose]: () => this.flush(handle) })
  }

  async flush(handle: number): Promise<void> {
    if (this.#held.delete(handle)) await this.#queue(flushContext(handle), [])
  }

  /** All handles of a kind. @param first 0x01000000 NV, 0x02000000 loaded and 0x03000000 saved sessions, 0x80000000 objects, 0x81000000 kept ones */
  async handles(first: number): Promise<readonly number[]> {
    return (await this.all(handles, first, (handle) => handle)).filter((handle) => handle >>> 24 === first >>> 24)
  }

  /** All pieces of a list. @param key what of an item says where the next piece begins */
  async all<T>(
    command: (first: number) => Command<{ readonly more: boolean; readonly items: readonly T[] }>,
    first: number,
    key: (item: T) => number,
  ): Promise<readonly T[]> {
    const found: T[] = []
    for (let from = first; ; ) {
      const { more, items } = await this.run(command(from))
      found.push(...items)
      const last = items.at(-1)
      if (!more || last === undefined) return found
      if (key(last) < from) throw new ThymusError('FORMAT', 'the TPM lists in circles')
      from = key(last) + 1
    }
  }

  /** Flushes all that was made and not flushed yet, and lets go of the TPM. Commands that come after that are refused. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true
    try {
      await this.#last
      for (const handle of [...this.#held].reverse()) await this.#forget(handle)
    } finally {
      await this.#channel.close()
    }
  }

  async #start(): Promise<void> {
    try {
      await this.run(handles(0x80000000))
    } catch (error) {
      if (!(error instanceof TpmRefusal) || error.rc !== RC.initialize) throw error
      await this.run(startup())
    }
  }

  #queue<T>(command: Command<T>, uses: readonly Use[]): Promise<Done<T>> {
    const turn = this.#last.then(() => this.#turn(command, uses))
    this.#last = turn.catch(() => {})
    return turn
  }

  async #turn<T>(command: Command<T>, uses: readonly Use[]): Promise<Done<T>> {
    const exchange = prepare(command, uses, randomBytes)
    const until = performance.now() + this.#patience
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      const response = await this.#channel.exchange(exchange.bytes, this.#within)
      const rc = responseCode(response)
      if (AGAIN.has(rc) && performance.now() + pause < until) {
        await sleep(pause)
        continue
      }
      const made = rc === RC.success && command.makes !== undefined ? madeHandle(response) : 0
      if (TRANSIENT.has(made >>> 24)) this.#held.add(made) // before anything of the answer can be found wrong
      try {
        return { value: exchange.read(response), made }
      } catch (error) {
        void this.#forget(made) // comes after this turn
        throw error
      }
    }
  }

  /** One that a restart of the TPM has flushed is flushed; a channel that is broken reaches nothing. */
  async #forget(handle: number): Promise<void> {
    await this.flush(handle).catch(() => {})
  }
}

const madeHandle = (response: Buffer): number => (response.length < HEADER_SIZE + 4 ? 0 : response.readUInt32BE(HEADER_SIZE))

/** The value, or the signal's reason at once; what comes late is handed to `late`. */
function abandonable<T>(turn: Promise<T>, signal: AbortSignal, late: (value: T) => void): Promise<T> {
  return new Promise((done, fail) => {
    const abort = () => {
      turn.then(late, () => {})
      fail(signal.reason)
    }
    signal.addEventListener('abort', abort, { once: true })
    turn.then(done, fail).finally(() => signal.removeEventListener('abort', abort))
  })
}
