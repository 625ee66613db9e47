// The entry: words → exit status. What goes wrong is one line on stderr, never a stack trace.
import { run } from '@stricli/core'
import { EXIT } from '../core/errors.ts'
import { app } from './app.ts'
import { failureStatus, failureText } from './failure.ts'

if (process.env.NODE_COMPILE_CACHE?.endsWith('/thymus')) delete process.env.NODE_COMPILE_CACHE // of bin/thymus: for us, not for what we start
// A command that ends in order listens itself.
process.on('SIGINT', () => {
  if (process.listenerCount('SIGINT') === 1) process.exit(EXIT.interrupted)
})
process.stdout.on('error', (error: NodeJS.ErrnoException) => fail(error.code === 'EPIPE' ? undefined : error))
process.on('uncaughtException', fail)

/** The library writes its errors here, one text for each; a person is told the first. */
const errors: string[] = []
const library = {
  stdout: process.stdout,
  stderr: { write: (text: string) => errors.push(text) },
  env: process.env,
  exitCode: null as number | null,
}
await run(app, process.argv.slice(2), {
  process: library,
  done: (status) => {
    library.exitCode = status
  },
})
if (errors.length > 0) process.stderr.write(`${errors[0]!.trimEnd()}\n`)
/** The library's own statuses are negative: the words were not understood, or a command could not be loaded. */
const status = library.exitCode ?? EXIT.error
process.exitCode = status >= 0 ? status : status === -2 || status === -3 ? EXIT.error : EXIT.usage

/** Nobody reads any more is no fault of ours. */
function fail(error: unknown): void {
  if (error !== undefined) process.stderr.write(failureText(error))
  process.exit(error === undefined ? EXIT.ok : failureStatus(error))
}
