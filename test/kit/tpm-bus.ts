// Somebody on the bus between a program and its TPM: sees all, changes what he likes. Several programs share the TPM through it, as through /dev/tpm0.
import { rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import type { Place } from '../../src/layers/hardware/tpm/place.ts'

export interface Message {
  readonly from: 'program' | 'tpm'
  readonly bytes: Buffer
}

/** What goes on instead of a message; null for nothing at all. */
export type Meddle = (message: Message, at: number) => Buffer | null

export interface TpmBus extends AsyncDisposable {
  readonly place: Place
  /** All that went over it, as it came. */
  readonly seen: readonly Message[]
  /** From now on; undefined for leaving all as it is. Messages are counted anew. */
  meddle(how: Meddle | undefined): void
}

const HEADER = 10

/** @param tpm path of the socket of an emulator */
export async function startTpmBus(tpm: string): Promise<TpmBus> {
  const path = `${tpm}.bus`
  const upstream = connect(tpm)
  upstream.on('error', () => {})
  const answers = messagesOf(upstream)
  const seen: Message[] = []
  const programs = new Set<Socket>()
  let how: Meddle | undefined
  let count = 0
  let turn: Promise<void> = Promise.resolve()
  const pass = (from: Message['from'], bytes: Buffer) => {
    const message = { from, bytes }
    seen.push(message)
    return how === undefined ? bytes : how(message, count++)
  }
  const server = createServer((program) => {
    programs.add(program)
    program.on('error', () => {})
    program.on('close', () => programs.delete(program))
    ;(async () => {
      for await (const command of messagesOf(program)) {
        turn = turn.then(async () => {
          const there = pass('program', command)
          if (there === null) return
          upstream.write(there)
          const { value, done } = await answers.next()
          const back = done ? null : pass('tpm', value)
          if (back !== null) program.write(back)
        })
      }
    })().catch(() => {})
  })
  await new Promise<void>((done) => server.listen(path, done))
  return {
    place: { kind: 'unix', path },
    seen,
    meddle(next) {
      how = next
      count = 0
    },
    async [Symbol.asyncDispose]() {
      for (const each of [...programs, upstream]) each.destroy()
      await new Promise((done) => server.close(done))
      rmSync(path, { force: true })
    },
  }
}

/** Cuts a stream where the headers of commands and responses say. */
async function* messagesOf(socket: Socket): AsyncGenerator<Buffer, void> {
  let received = Buffer.alloc(0)
  for await (const bytes of socket) {
    received = Buffer.concat([received, bytes as Buffer])
    while (received.length >= HEADER && received.length >= received.readUInt32BE(2)) {
      const size = Math.max(HEADER, received.readUInt32BE(2))
      yield received.subarray(0, size)
      received = received.subarray(size)
    }
  }
}
