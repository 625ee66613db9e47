// Our REST service on a socket of its own, in this process.

import { mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RegoObject } from '../../src/lang/rego/values/value.ts'
import { type ListenOptions, listen, stop } from '../../src/server/listen.ts'
import { tooLarge } from '../../src/server/opa/refusal.ts'
import { answer, type ServiceOptions } from '../../src/server/opa/service.ts'
import { type Source, World } from '../../src/server/opa/world.ts'
import { surroundings } from '../../src/server/surroundings.ts'

export interface RegoService {
  readonly socket: string
  readonly server: Server
  readonly world: World
  /** The decisions, where they are logged. */
  readonly lines: readonly string[]
  /** What was said to the operator. */
  readonly said: readonly string[]
  stop(): Promise<void>
}

const MAX_BYTES = 1 << 20

export async function startService(
  modules: Readonly<Record<string, string>>,
  options: Partial<ServiceOptions> & { readonly logged?: boolean; readonly milliseconds?: number } = {},
  listening: Partial<ListenOptions> = {},
): Promise<RegoService> {
  const folder = mkdtempSync(join(tmpdir(), 'thymus-rest-'))
  const socket = join(folder, 'socket')
  const lines: string[] = []
  const said: string[] = []
  const complain = (message: string) => void said.push(message)
  const { logged = false, milliseconds = 2_000, ...given } = options
  const labels = RegoObject.of([['id', 'test']])
  let ids = 0
  const decisions = { labels, id: () => `id-${++ids}`, write: (line: string) => void lines.push(line), complain }
  const world = new World({ version: 'v1', surroundings: () => surroundings({ print: complain }), limits: { milliseconds } })
  const sources = Object.entries(modules).map(([id, text]): [string, Source] => [id, { text, version: 'v1' }])
  world.load(new Map(sources), new RegoObject(), [])
  const service: ServiceOptions = {
    authentication: 'off',
    authorization: 'off',
    decisions: logged ? decisions : undefined,
    labels,
    build: '1.2.3',
    maxBytes: MAX_BYTES,
    now: () => 1_700_000_000_120_000_000n,
    clock: () => performance.now(),
    fault: (error) => complain(String(error)),
    ...given,
  }
  const server = await listen({ path: socket }, (asked) => answer(asked, world, service), {
    maxBytes: service.maxBytes,
    tooLarge: tooLarge(service.maxBytes),
    ...listening,
  })
  return {
    socket,
    server,
    world,
    lines,
    said,
    stop: async () => {
      await stop(server, 100)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
