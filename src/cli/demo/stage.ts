// Where the acts play: every command is one that the user could type, runs as its own process, and its output is shown as it is.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { printable } from '../../core/quote.ts'

const CHECKOUT = join(import.meta.dirname, '../../..')
const THYMUS = join(CHECKOUT, 'bin/thymus')
/** What plays the workloads, so that the demo needs no program that a fresh machine has not. */
const PROPS = 'src/cli/demo/props'
/** No command of the demo takes longer, not even on the emulated machine where it is recorded; one that does hangs. */
const PATIENCE = 180_000

const SHOWN = 4_000

const indented = (data: Buffer | string) => String(data).replace(/^(?=.)/gm, '  ')

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

  /** The same for a command that goes on: returns what it has said when that holds `until`. */
  async background(until: string, ...words: string[]): Promise<string> {
    this.#type(words, ' &')
    const child = spawn(THYMUS, words, { cwd: CHECKOUT, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#running.push(child)
    let heard = ''
    child.stdout.on('data', (data: Buffer) => {
      heard += data
    })
    child.stderr.on('data', (data: Buffer) => {
      heard += data
      process.stderr.write(indented(data))
    })
    for (const started = Date.now(); !heard.includes(until); await sleep(20)) {
      if (child.exitCode === null && Date.now() - started < PATIENCE) continue
      throw new Error(`it never said "${until}" (status ${child.exitCode}): ${printable(heard)}`)
    }
    return heard
  }

  /** Sends a file, as curl would, to a server whose authority is in another, and shows what it answers. */
  async post(file: string, url: string, authority: string): Promise<string> {
    console.log(this.#bold(`$ curl --cacert ${authority} -H 'Content-Type: application/json' -d @${file} ${url}`))
    const body = readFileSync(join(CHECKOUT, file))
    const options = { method: 'POST', ca: readFileSync(authority), headers: { 'content-type': 'application/json' }, timeout: PATIENCE }
    const answer = await new Promise<string>((resolve, reject) => {
      const asked = request(url, options, async (response) => resolve(await text(response)))
      asked.once('error', reject).once('timeout', () => asked.destroy(new Error('no answer')))
      asked.end(body)
    })
    console.log(indented(printable(answer.trim(), SHOWN)))
    return answer
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
    const show = (data: Buffer) => shown && process.stdout.write(indented(data))
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
