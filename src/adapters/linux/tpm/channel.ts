// A road to a TPM: bytes there, bytes back, one command at a time. What comes back is no more than a whole message; who waits has an end.
import { constants, type FileHandle, open } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { ThymusError } from '../../../core/errors.ts'
import { HEADER_SIZE, MAX_MESSAGE } from '../../../layers/hardware/tpm/command.ts'
import { type Place, placeText } from '../../../layers/hardware/tpm/place.ts'

export interface Channel {
  /** @param within milliseconds @throws ThymusError TPM_ABSENT, FORMAT; after that the channel is of no use any more */
  exchange(command: Buffer, within: number): Promise<Buffer>
  close(): Promise<void>
}

const CONNECT_MS = 10_000

/** @throws ThymusError TPM_ABSENT, PRIVILEGE */
export async function openChannel(place: Place): Promise<Channel> {
  try {
    if (place.kind === 'device') return device(await open(place.path, constants.O_RDWR), placeText(place))
    return new SocketChannel(await connected(place), placeText(place))
  } catch (cause) {
    throw unreachable(cause, place)
  }
}

/** The driver takes a command as one write and gives its answer as one read. */
function device(file: FileHandle, at: string): Channel {
  let broken: ThymusError | undefined
  return {
    async exchange(command, within) {
      if (broken !== undefined) throw broken
      const answer = Buffer.alloc(MAX_MESSAGE)
      const turn = async () => {
        await file.write(command)
        const { bytesRead } = await file.read(answer, 0, MAX_MESSAGE, null)
        return whole(answer.subarray(0, bytesRead), at)
      }
      try {
        return await inTime(turn(), within, at)
      } catch (cause) {
        broken = cause instanceof ThymusError ? cause : absent(`the device fails (${(cause as NodeJS.ErrnoException).code})`, at, cause)
        throw broken
      }
    },
    // One that hangs in the driver would hang the closing too.
    close: async () => (broken === undefined ? file.close() : void file.close().catch(() => {})),
  }
}

class SocketChannel implements Channel {
  readonly #socket: Socket
  readonly #at: string
  #received = Buffer.alloc(0)
  #broken: ThymusError | undefined
  #waiting: { done: (answer: Buffer) => void; fail: (error: ThymusError) => void } | undefined

  constructor(socket: Socket, at: string) {
    this.#socket = socket
    this.#at = at
    socket.on('data', (bytes: Buffer) => this.#receive(bytes))
    socket.on('error', (cause) => this.#break(absent(`the connection fails (${(cause as NodeJS.ErrnoException).code})`, at, cause)))
    socket.on('close', () => this.#break(absent('the connection was closed', at)))
  }

  async exchange(command: Buffer, within: number): Promise<Buffer> {
    if (this.#broken !== undefined) throw this.#broken
    const answer = new Promise<Buffer>((done, fail) => {
      this.#waiting = { done, fail }
    })
    this.#socket.write(command)
    try {
      return await inTime(answer, within, this.#at)
    } catch (error) {
      this.#break(error as ThymusError)
      throw error
    }
  }

  async close(): Promise<void> {
    this.#broken ??= absent('the connection was closed', this.#at)
    this.#socket.destroy()
  }

  /** Bytes that nobody asked for, or that are no message, leave nothing that could be believed. */
  #receive(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes])
    try {
      const size = this.#received.length < HEADER_SIZE ? undefined : messageSize(this.#received, this.#at)
      if (this.#waiting === undefined || this.#received.length > (size ?? MAX_MESSAGE))
        throw format('more bytes than the answer has', this.#at)
      if (this.#received.length !== size) return
      const { done } = this.#waiting
      const answer = this.#received
      this.#waiting = undefined
      this.#received = Buffer.alloc(0)
      done(answer)
    } catch (error) {
      this.#break(error as ThymusError)
    }
  }

  #break(error: ThymusError): void {
    this.#broken ??= error
    this.#socket.destroy()
    this.#waiting?.fail(this.#broken)
    this.#waiting = undefined
  }
}

function connected(place: Exclude<Place, { kind: 'device' }>): Promise<Socket> {
  const socket = connect(place.kind === 'unix' ? { path: place.path } : { host: place.host, port: place.port, noDelay: true })
  return new Promise((done, fail) => {
    socket.setTimeout(CONNECT_MS, () => socket.destroy(absent('nobody takes the connection', placeText(place))))
    socket.once('error', fail)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.off('error', fail)
      done(socket)
    })
  })
}

function whole(answer: Buffer, at: string): Buffer {
  if (answer.length < HEADER_SIZE || messageSize(answer, at) !== answer.length)
    throw format(`an answer of ${answer.length} bytes is not whole`, at)
  return answer
}

function messageSize(answer: Buffer, at: string): number {
  const size = answer.readUInt32BE(2)
  if (size < HEADER_SIZE || size > MAX_MESSAGE) throw format(`an answer of ${size} bytes is none`, at)
  return size
}

async function inTime<T>(answer: Promise<T>, within: number, at: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(absent(`no answer within ${within / 1000} s`, at)), within)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
    answer.catch(() => {})
  }
}

const absent = (message: string, at: string, cause?: unknown) => new ThymusError('TPM_ABSENT', message, { at, cause })
const format = (message: string, at: string) => new ThymusError('FORMAT', message, { at })

function unreachable(cause: unknown, place: Place): ThymusError {
  if (cause instanceof ThymusError) return cause
  const at = placeText(place)
  const { code } = cause as NodeJS.ErrnoException
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return new ThymusError('PRIVILEGE', 'the TPM may not be opened: be root, or of the group that the device belongs to', { at, cause })
    case 'EBUSY':
      return absent('another program has the TPM open; /dev/tpmrm0 can be had by several', at, cause)
    case 'ENOENT':
      return absent(
        place.kind === 'device' ? 'there is no such device: is there a TPM, and is it on in the firmware?' : 'there is no such socket',
        at,
        cause,
      )
    default:
      return absent(`there is no way to it (${code})`, at, cause)
  }
}
