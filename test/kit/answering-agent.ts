// An agent that only answers: the real server on a real socket, with answers that a test gives it. What it was asked is kept.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Places, placesOf } from '../../src/agent/places.ts'
import { ThymusError } from '../../src/core/errors.ts'
import type { AgentPort } from '../../src/server/agent-port.ts'
import { serve } from '../../src/server/http.ts'

export class AnsweringAgent {
  readonly home = mkdtempSync(join(tmpdir(), 'thymus-cli-'))
  readonly at: Places
  readonly asked: { readonly what: string; readonly with: readonly unknown[] }[] = []
  readonly env: NodeJS.ProcessEnv
  #server: Server | undefined

  constructor() {
    this.env = { ...process.env, THYMUS_HOME: this.home, NO_COLOR: '', TERM: 'xterm', LC_ALL: 'C.UTF-8' }
    this.at = placesOf({ uid: process.getuid!(), env: this.env, unified: undefined, checkout: '/nonexistent', writable: () => true })
    mkdirSync(this.at.door, { recursive: true })
  }

  /** Answers from now on; what is not among the answers is an error that says so. */
  async answer(answers: Partial<AgentPort>): Promise<void> {
    const port = new Proxy(answers, {
      get: (given, what: string) => {
        return (...words: unknown[]) => {
          this.asked.push({ what, with: words })
          const method = given[what as keyof AgentPort] as ((...words: unknown[]) => unknown) | undefined
          if (method === undefined) throw new ThymusError('AGENT_REQUEST', `this agent has no answer to ${what}`)
          return method(...words)
        }
      },
    })
    this.#server = await serve(port as AgentPort, this.at.socket, [process.getuid!()], () => process.getuid!())
  }

  /** Stops answering; connections that are open are cut. */
  async silence(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    server?.closeAllConnections()
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.silence()
    rmSync(this.home, { recursive: true, force: true })
  }
}
