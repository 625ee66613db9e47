// Usage: flood-main.ts ADDRESS PORT. For every line read, sends some thousands of datagrams to a socket that takes none after its buffer
// is full, so that nothing but the way there is paid for, and prints ns for one.
// SAFETY: libc calls with buffers that are held here for as long as the process lives.
import { createInterface } from 'node:readline'
import koffi from 'koffi'

const libc = koffi.load('libc.so.6')
const socket = libc.func('int socket(int family, int type, int protocol)')
const bind = libc.func('int bind(int fd, const void *address, unsigned int length)')
const connect = libc.func('int connect(int fd, const void *address, unsigned int length)')
const sendmmsg = libc.func('int sendmmsg(int fd, void *messages, unsigned int count, int flags)')
const AF_INET = 2
const SOCK_DGRAM = 2
/** UIO_MAXIOV: the most that one call sends. */
const AT_ONCE = 1024
const CALLS = 3
/** struct mmsghdr; msg_iov and msg_iovlen are its fields at 16 and 24. */
const MMSGHDR = 64

const [host, port] = [process.argv[2]!, Number(process.argv[3])]
const from = socket(AF_INET, SOCK_DGRAM, 0)
const to = socket(AF_INET, SOCK_DGRAM, 0)
must(bind(to, address(port), 16))
must(bind(from, address(0), 16))
must(connect(from, address(port), 16))

const payload = Buffer.alloc(64)
const piece = Buffer.alloc(16)
piece.writeBigUInt64LE(koffi.address(payload), 0)
piece.writeBigUInt64LE(BigInt(payload.length), 8)
const messages = Buffer.alloc(AT_ONCE * MMSGHDR)
for (let at = 0; at < messages.length; at += MMSGHDR) {
  messages.writeBigUInt64LE(koffi.address(piece), at + 16)
  messages.writeBigUInt64LE(1n, at + 24)
}

for await (const _ of createInterface({ input: process.stdin })) {
  const before = process.hrtime.bigint()
  let sent = 0
  for (let call = 0; call < CALLS; call++) sent += must(sendmmsg(from, messages, AT_ONCE, 0))
  console.log(Number(process.hrtime.bigint() - before) / sent)
}

/** struct sockaddr_in of the host. */
function address(number: number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt16LE(AF_INET, 0)
  bytes.writeUInt16BE(number, 2)
  for (const [index, part] of host.split('.').entries()) bytes.writeUInt8(Number(part), 4 + index)
  return bytes
}

function must(result: number): number {
  if (result < 0) throw new Error(`errno ${koffi.errno()}`)
  return result
}
