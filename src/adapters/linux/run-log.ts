// The log of measured programs, below the folder of an instance.
import { accessSync, closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { linesBeside } from '../../layers/firmware/measured-run/record.ts'
import { inTurn } from './system.ts'

export const runLogIn = (folder: string): string => join(folder, 'measured-runs.log')

/** Does something while nobody else extends a PCR for this log. @throws ThymusError COMMAND where it stays locked */
export function withRunLog<T>(log: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(log), { recursive: true, mode: 0o755 })
  return inTurn(`${log}.lock`, work)
}

/** The whole log. Whoever extended a PCR before has written it. @throws ENOENT where nothing was measured */
export async function readRunLog(log: string): Promise<Buffer> {
  accessSync(log)
  return withRunLog(log, async () => readFileSync(log))
}

export function appendRun(log: string, line: string): void {
  const file = openSync(log, 'a', 0o600)
  try {
    writeSync(file, line)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Takes out what was measured into a PCR before the machine started. */
export function forgetRuns(log: string, pcr: number): void {
  let text: string
  try {
    text = readFileSync(log, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  writeFileSync(`${log}.new`, linesBeside(text, pcr), { mode: 0o600 })
  renameSync(`${log}.new`, log)
}
