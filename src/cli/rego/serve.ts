import { randomUUID } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { faultsOf, faultText } from '../../lang/rego/faults.ts'
import { RegoObject } from '../../lang/rego/values/value.ts'
import type { DecisionSink } from '../../server/opa/decision-log.ts'
import { addressOf, listen, readAddress, stop } from '../../server/opa/listen.ts'
import { answer, type ServiceOptions } from '../../server/opa/service.ts'
import { type Source, World } from '../../server/opa/world.ts'
import { note } from '../terminal.ts'
import { version } from '../version.ts'
import { loadFiles } from './files.ts'
import { type ModuleFlags, versionOf } from './flags.ts'
import { surroundings } from './surroundings.ts'

export interface ServeFlags extends ModuleFlags {
  readonly addr: string
  readonly authentication: 'off' | 'token'
  readonly authorization: 'off' | 'basic'
  readonly 'decision-log'?: string
  readonly 'max-request-bytes'?: number
  readonly 'evaluation-timeout'?: number
}

/** As much as is taken of one request unless told otherwise. */
const MAX_BYTES = 64 << 20
/** For requests that are under way when the server is told to stop. */
const GRACE_MS = 10_000

/** Answers until it is told to stop. */
export async function serve(flags: ServeFlags): Promise<number> {
  const address = readAddress(flags.addr)
  const maxBytes = flags['max-request-bytes'] ?? MAX_BYTES
  const labels = RegoObject.of([
    ['id', randomUUID()],
    ['version', version()],
  ])
  const log = openLog(flags['decision-log'], labels)
  const options: ServiceOptions = {
    authentication: flags.authentication,
    authorization: flags.authorization,
    decisions: log?.sink,
    labels,
    build: version(),
    maxBytes,
    now: () => surroundings().now,
    clock: () => performance.now(),
    fault: (error) => note(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  }
  try {
    const world = load(flags)
    const server = await listen(address, (asked) => answer(asked, world, options), { maxBytes })
    note(`listening on ${addressOf(server)}`)
    await new Promise((resolve) => process.once('SIGTERM', resolve).once('SIGINT', resolve))
    await stop(server, GRACE_MS)
    return 0
  } catch (error) {
    const faults = faultsOf(error)
    if (faults === undefined) throw error
    process.stderr.write(faultText(faults))
    return 1
  } finally {
    log?.close()
  }
}

function load(flags: ServeFlags): World {
  const milliseconds = flags['evaluation-timeout']
  const world = new World({ version: versionOf(flags), surroundings, ...(milliseconds === undefined ? {} : { limits: { milliseconds } }) })
  const { modules, data } = loadFiles(flags.data ?? [])
  const sources = Object.entries(modules).map(([id, text]): [string, Source] => [id, { text, version: versionOf(flags) }])
  world.load(new Map(sources), data, [])
  return world
}

/** `console` is stdout, as in OPA's configuration; all else is a file, which is added to. */
function openLog(to: string | undefined, labels: RegoObject): { readonly sink: DecisionSink; readonly close: () => void } | undefined {
  if (to === undefined) return undefined
  const file = to === 'console' ? 1 : openSync(to, 'a', 0o600)
  return {
    sink: { labels, id: randomUUID, complain: note, write: (line) => void writeSync(file, `${line}\n`) },
    close: () => (file === 1 ? undefined : closeSync(file)),
  }
}
