// The program as a user starts it.
import assert from 'node:assert/strict'
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { join } from 'node:path'
import { after } from 'node:test'

export const PROGRAM = join(import.meta.dirname, '../../bin/thymus')

export interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs it to its end. */
export function thymus(words: readonly string[], options: SpawnOptions & { readonly input?: string | Uint8Array } = {}): Promise<Ended> {
  const child = begin(words, options)
  child.stdin?.end(options.input ?? '')
  return ended(child)
}

/** Started, and ended at the latest when all tests of the file have: one that failed half-way must not keep the file from its end. */
export function begin(words: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const child = spawn(PROGRAM, words, { stdio: 'pipe', ...options })
  begun.add(child)
  child.once('close', () => begun.delete(child))
  return child
}

const begun = new Set<ChildProcess>()
after(() => {
  for (const child of begun) child.kill('SIGKILL')
})

/** Waits until it has printed something; what it printed comes in `ended` no more. @throws if it ends without it, with what it said why */
export function printed(child: ChildProcess, expected: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let [out, err] = ['', '']
    child.stderr?.on('data', (chunk: Buffer) => {
      err += chunk
    })
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk
      if (out.includes(expected)) resolve()
    })
    child.once('error', reject)
    child.once('close', (status) => reject(new Error(`it ended (${status}) and never printed ${expected}: ${out}${err}`)))
  })
}

/** What it printed. Fails where its status is not 0, with what it said why. */
export function succeeded({ status, stdout, stderr }: Ended): string {
  assert.equal(status, 0, stderr || stdout)
  return stdout
}

export async function ended(child: ChildProcess): Promise<Ended> {
  let [stdout, stderr] = ['', '']
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => resolve({ status, signal, stdout, stderr }))
  })
}
