// Where the acts play: every command is one that the user could type, runs as its own process, and its output is shown as it is.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { printable } from '../../core/quote.ts'

const CHECKOUT = join(import.meta.dirname, '../../..')
const THYMUS = join(CHECKOUT, 'bin/thymus')
/** What plays the workloads, so that the demo needs no program that a fresh machine has not. */
const PROPS = 'src/cli/demo/props'
/** No command of the demo takes longer; one that does hangs. */
const PATIENCE = 30_000

export interface Heard {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
}

/** One act, as it is played on each rung. */
export interface Act {
  readonly title: string
  /** Gates at which a command must have been seen to restrict itself, for the act to be played so. */
  readonly needs: readonly string[]
  byKernel(stage: Stage): Promise<void>
  selfRestricted(stage: Stage): Promise<void>
  /** @param recording of this act, as played by the kernel; a path from the folder of the checkout */
  replayed(stage: Stage, recording: string): Promise<void>
}

/** An act that no machine has to allow: it is played alike everywhere, by what `rung` names. */
export interface FreeAct {
  readonly title: string
  readonly rung: string
  play(stage: Stage): Promise<void>
}

export class Stage {
  readonly #bold: (text: string) => string
  readonly #running: ChildProcess[] = []
  failures = 0

  constructor(bold: (text: string) => string) {
    this.#bold = bold
  }

  /** `rung`: what acts. */
  title(text: string, rung: string): void {
    console.log(`\n${this.#bold(text)}  [${rung}]`)
  }

  say(text: string): void {
    console.log(`\n${text}`)
  }

  /** Types `thymus WORDS…`, waits, and shows what it printed. */
  async thymus(...words: string[]): Promise<Heard> {
    this.#type(words, '')
    return this.#run(words, true)
  }

  /** Asks without showing: for what the demo itself wants to know. */
  async quietly(...words: string[]): Promise<Heard> {
    return this.#run(words, false)
  }

  /** The same for a command that goes on: returns when it has printed `until`. */
  async background(until: string, ...words: string[]): Promise<void> {
    this.#type(words, ' &')
    const child = spawn(THYMUS, words, { cwd: CHECKOUT, stdio: ['ignore', 'pipe', 'inherit'] })
    this.#running.push(child)
    let heard = ''
    child.stdout.on('data', (data: Buffer) => {
      heard += data
    })
    for (const started = Date.now(); !heard.includes(until); await sleep(20)) {
      if (child.exitCode !== null || Date.now() - started > PATIENCE) throw new Error(`it never said "${until}": ${printable(heard)}`)
    }
  }

  /** Words that run one of the props. */
  prop(name: 'server' | 'client' | 'memfd', ...words: string[]): string[] {
    return ['bin/node', join(PROPS, `${name}.ts`), ...words]
  }

  /** What the act promises, held against what happened. */
  expect(promise: string, kept: boolean): void {
    console.log(`${kept ? '  ✔' : '  ✘'} ${promise}`)
    if (!kept) this.failures++
  }

  /** Ends what goes on in the background. */
  async clear(): Promise<void> {
    for (const child of this.#running.splice(0)) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      if (child.exitCode === null && child.kill('SIGTERM')) await ended
    }
  }

  async #run(words: readonly string[], shown: boolean): Promise<Heard> {
    const child = spawn(THYMUS, [...words], { cwd: CHECKOUT, stdio: ['ignore', 'pipe', 'pipe'], timeout: PATIENCE })
    let stdout = ''
    const show = (data: Buffer) => shown && process.stdout.write(String(data).replace(/^(?=.)/gm, '  '))
    child.stdout.on('data', (data: Buffer) => {
      stdout += data
      show(data)
    })
    child.stderr.on('data', show)
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (status, signal) => resolve({ status, signal, stdout }))
    })
  }

  #type(words: readonly string[], end: string): void {
    const shown = words.map((word) => (/^[\w./:=,@-]+$/.test(word) ? word : `'${word}'`))
    console.log(`${this.#bold(`$ thymus ${shown.join(' ')}${end}`)}`)
  }
}
