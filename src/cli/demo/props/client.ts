// Connects to the given port of loopback and prints what it hears, or the error that connect(2) returned.
import { connect } from 'node:net'

const socket = connect(Number(process.argv[2]), '127.0.0.1')
socket.on('data', (data) => process.stdout.write(data))
socket.on('error', (error) => {
  console.log(`connect: ${(error as NodeJS.ErrnoException).code}`)
  process.exitCode = 1
})
