// A command that we start for somebody: it has our terminal, gets our signals, and its end is ours.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { ThymusError } from '../core/errors.ts'
import { failureText } from './failure.ts'

const CANNOT_EXECUTE = 126
const NOT_FOUND = 127
/** What a terminal sends to every process in the foreground, so to the command as well. */
const FROM_TERMINAL: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGQUIT'])
const FORWARDED: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT']

/** Starts the command with our stdio and waits for it. Resolves to its exit status, or 128 and the number of the signal that ended it. */
export function follow(words: readonly string[], options: SpawnOptions = {}): Promise<number> {
  const [file, ...args] = words
  const child = spawn(file!, args, { stdio: 'inherit', ...options })
  const stop = forwardSignals(child)
  return new Promise<number>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => resolve(notStarted(file!, error)))
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]))
  }).finally(stop)
}

/** As a shell tells it. */
function notStarted(file: string, { code, message }: NodeJS.ErrnoException): number {
  const missing = code === 'ENOENT'
  process.stderr.write(failureText(new ThymusError('COMMAND', missing ? 'there is no such command' : message, { at: file })))
  return missing ? NOT_FOUND : CANNOT_EXECUTE
}

/** Until the returned function is called, none of these signals ends us: the command decides what they mean. */
function forwardSignals(child: ChildProcess): () => void {
  const handlers = FORWARDED.map((signal) => {
    const handler = () => {
      if (!FROM_TERMINAL.has(signal) || !inForeground()) child.kill(signal)
    }
    process.on(signal, handler)
    return [signal, handler] as const
  })
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler)
  }
}

/** proc_pid_stat(5): our process group (5) is the one that our terminal (tpgid, 8) sends its signals to. */
function inForeground(): boolean {
  const fields = readFileSync('/proc/self/stat', 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ')
  return fields[2] === fields[5]
}
