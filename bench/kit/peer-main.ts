// One end of the traffic that the overhead benchmark makes. Usage: peer-main.ts serve | peer-main.ts ask PORT. The server prints its port
// and echoes; the client does what each line says (`connect COUNT`, `request COUNT`) and prints ns for one.
// SAFETY: libc calls with buffers that are held here for as long as the process lives.
import { createInterface } from 'node:readline'
import koffi from 'koffi'

const libc = koffi.load('libc.so.6')
const socket = libc.func('int socket(int family, int type, int protocol)')
const bind = libc.func('int bind(int fd, const void *address, unsigned int length)')
const listen = libc.func('int listen(int fd, int backlog)')
const accept = libc.func('int accept(int fd, void *address, void *length)')
const connect = libc.func('int connect(int fd, const void *address, unsigned int length)')
const setsockopt = libc.func('int setsockopt(int fd, int level, int name, const void *value, unsigned int length)')
const getsockname = libc.func('int getsockname(int fd, void *address, void *length)')
const send = libc.func('int64_t send(int fd, const void *bytes, size_t length, int flags)')
const recv = libc.func('int64_t recv(int fd, void *bytes, size_t length, int flags)')
const close = libc.func('int close(int fd)')
const [AF_INET, SOCK_STREAM, SOL_SOCKET, SO_LINGER, IPPROTO_TCP, TCP_NODELAY, MSG_NOSIGNAL] = [2, 1, 1, 13, 6, 1, 0x4000]
/** More than the client asks for at once: it does not wait until it is accepted, and what finds no room waits for a second. */
const BACKLOG = 4096
const message = Buffer.alloc(64)
const one = Buffer.from([1, 0, 0, 0])
/** struct linger { on, 0 seconds }: no TIME_WAIT, so that ports do not run out. */
const atOnce = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])

if (process.argv[2] === 'serve') serve()
else await ask(Number(process.argv[3]))

function serve(): void {
  const listener = must(socket(AF_INET, SOCK_STREAM, 0))
  const at = loopback(0)
  must(bind(listener, at, at.length))
  must(listen(listener, BACKLOG))
  getsockname(listener, at, Buffer.from([at.length, 0, 0, 0]))
  process.stdout.write(`${at.readUInt16BE(2)}\n`)
  for (;;) {
    const fd = accept(listener, null, null)
    if (fd < 0) continue
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, one, one.length)
    while (recv(fd, message, message.length, 0) > 0) send(fd, message, message.length, MSG_NOSIGNAL)
    close(fd)
  }
}

async function ask(port: number): Promise<void> {
  const at = loopback(port)
  const connected = () => {
    const fd = must(socket(AF_INET, SOCK_STREAM, 0))
    must(connect(fd, at, at.length))
    setsockopt(fd, SOL_SOCKET, SO_LINGER, atOnce, atOnce.length)
    return fd
  }
  for await (const line of createInterface({ input: process.stdin })) {
    const [what, count] = [line.split(' ')[0], Number(line.split(' ')[1])]
    const fd = what === 'request' ? connected() : -1
    if (fd >= 0) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, one, one.length)
    const before = process.hrtime.bigint()
    for (let at = 0; at < count; at++) {
      if (fd < 0) close(connected())
      else {
        must(Number(send(fd, message, message.length, MSG_NOSIGNAL)))
        must(Number(recv(fd, message, message.length, 0)))
      }
    }
    console.log(Number(process.hrtime.bigint() - before) / count)
    if (fd >= 0) close(fd)
  }
}

/** struct sockaddr_in of 127.0.0.1. */
function loopback(port: number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt16LE(AF_INET, 0)
  bytes.writeUInt16BE(port, 2)
  bytes.set([127, 0, 0, 1], 4)
  return bytes
}

function must(result: number): number {
  if (result < 0) throw new Error(`errno ${koffi.errno()}`)
  return result
}
