// The lab's command, from a test.
import { type ChildProcess, spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

export const ROOT = realpathSync(join(import.meta.dirname, '../..'))

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** @param folder where the lab has its temporary files */
export function startLab(folder: string, words: readonly string[], environment: NodeJS.ProcessEnv = {}): ChildProcess {
  const env = { ...process.env, TMPDIR: folder, ...environment }
  return spawn(join(ROOT, 'lab/lab'), words, { env, cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
}

export async function ended(child: ChildProcess): Promise<Ended> {
  const status = new Promise<number | null>((done) => child.on('exit', done))
  const [stdout, stderr] = await Promise.all([text(child.stdout!), text(child.stderr!)])
  return { status: await status, stdout, stderr }
}

/** Fetches what the lab needs. The answer says why there is none; undefined where there is one. */
export async function setUpLab(folder: string): Promise<string | undefined> {
  const { status, stderr } = await ended(startLab(folder, ['setup']))
  if (status === 77) return stderr.trim().split('\n').at(-1)!
  if (status !== 0) throw new Error(stderr)
  return undefined
}
