// The process that a puppet is (puppet.ts): it makes the system calls that it is told to, one line in, one line out. Node's own sockets
// hide what a test must see: errno of each call, who waits, what is bound.
import { createInterface } from 'node:readline'
import koffi from 'koffi'

const libc = koffi.load('libc.so.6')
const calls = {
  socket: libc.func('int socket(int family, int type, int protocol)'),
  bind: libc.func('int bind(int fd, const void *address, uint32_t size)'),
  listen: libc.func('int listen(int fd, int backlog)'),
  connect: libc.func('int connect(int fd, const void *address, uint32_t size)'),
  accept: libc.func('int accept(int fd, void *address, void *size)'),
  sendto: libc.func('int64_t sendto(int fd, const void *bytes, size_t length, int flags, const void *address, uint32_t size)'),
  recvfrom: libc.func('int64_t recvfrom(int fd, void *bytes, size_t length, int flags, void *address, _Inout_ uint32_t *size)'),
  getsockname: libc.func('int getsockname(int fd, void *address, _Inout_ uint32_t *size)'),
  setsockopt: libc.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t size)'),
  shutdown: libc.func('int shutdown(int fd, int how)'),
  close: libc.func('int close(int fd)'),
  syscall: libc.func('int64_t syscall(long number, long first, long second, long third)'),
}
const PIDFD_OPEN = 434
const PIDFD_GETFD = 438

export interface Command {
  readonly call: string
  readonly fd?: number
  /** Address family and the address as sixteen bytes or four, hexadecimal. */
  readonly family?: number
  readonly address?: string
  readonly port?: number
  readonly numbers?: readonly number[]
  readonly bytes?: string
}

export interface Answer {
  readonly value: number
  readonly error?: string
  readonly bytes?: string
  readonly port?: number
}

function answer(command: Command): Answer {
  const { fd = -1, numbers = [], bytes = '' } = command
  const [first = 0, second = 0, third = 0] = numbers
  const address = command.address === undefined ? null : encode(command)
  switch (command.call) {
    case 'socket':
      return said(calls.socket(first, second, third))
    case 'bind':
      return said(calls.bind(fd, address, address!.length))
    case 'listen':
      return said(calls.listen(fd, 16))
    case 'connect':
      return said(calls.connect(fd, address, address!.length))
    case 'accept':
      return said(calls.accept(fd, null, null))
    case 'send': {
      const data = bytes === '' ? Buffer.alloc(first, 'x') : Buffer.from(bytes, 'latin1')
      return said(Number(calls.sendto(fd, data, data.length, second, address, address?.length ?? 0)))
    }
    case 'receive': {
      const data = Buffer.alloc(first || 65_536)
      const from = Buffer.alloc(28)
      const length = Number(calls.recvfrom(fd, data, data.length, second, from, [from.length]))
      const port = from.readUInt16BE(2)
      return length < 0 ? said(length) : { value: length, bytes: data.toString('latin1', 0, Math.min(length, 64)), port }
    }
    case 'flood': {
      // Sends numbered datagrams for so many milliseconds and so many times at least, and says how many were taken; the error is the last.
      const end = Date.now() + first
      let sent = 0
      let refused: Answer | undefined
      for (let number = 0; number < second || Date.now() < end; number++) {
        const data = Buffer.alloc(8)
        data.writeBigUInt64LE(BigInt(number))
        const result = said(Number(calls.sendto(fd, data, data.length, 0, address, address?.length ?? 0)))
        if (result.error === undefined) sent++
        else refused = result
      }
      return { value: sent, ...(refused?.error === undefined ? {} : { error: refused.error }) }
    }
    case 'soak': {
      // Counts what comes until nothing more does.
      const data = Buffer.alloc(64)
      let got = 0
      while (Number(calls.recvfrom(fd, data, data.length, 0, null, [0])) >= 0) got++
      return { value: got }
    }
    case 'port': {
      const name = Buffer.alloc(28)
      const value = calls.getsockname(fd, name, [name.length])
      return value < 0 ? said(value) : { value: name.readUInt16BE(2) }
    }
    case 'option': {
      const [, , , microseconds] = numbers // of a timeval, whose seconds are the third
      const value = Buffer.alloc(microseconds === undefined ? 4 : 16)
      value.writeInt32LE(third)
      if (microseconds !== undefined) value.writeInt32LE(microseconds, 8)
      return said(calls.setsockopt(fd, first, second, value, value.length))
    }
    case 'shutdown':
      return said(calls.shutdown(fd, first))
    case 'close':
      return said(calls.close(fd))
    case 'carry': {
      // Takes a descriptor out of another process, as a passed one would come in.
      const process = Number(calls.syscall(PIDFD_OPEN, first, 0, 0))
      const taken = Number(calls.syscall(PIDFD_GETFD, process, second, 0))
      calls.close(process)
      return said(taken)
    }
    default:
      return { value: -1, error: `no such call: ${command.call}` }
  }
}

function said(value: number): Answer {
  if (value >= 0) return { value }
  const number = koffi.errno()
  return { value, error: Object.entries(koffi.os.errno).find(([, code]) => code === number)?.[0] ?? String(number) }
}

/** struct sockaddr_in or sockaddr_in6. */
function encode({ family = 2, address = '', port = 0 }: Command): Buffer {
  const bytes = Buffer.alloc(family === 2 ? 16 : 28)
  bytes.writeUInt16LE(family, 0)
  bytes.writeUInt16BE(port, 2)
  bytes.write(address, family === 2 ? 4 : 8, 'hex')
  return bytes
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(JSON.parse(line) as Command))}\n`)
}
