// Says hello to whoever connects, on the given port of loopback, until it is ended.
import { createServer } from 'node:net'

const server = createServer((socket) => {
  socket.on('error', () => {})
  socket.end('hello\n')
})
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'))
