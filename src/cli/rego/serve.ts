import { randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { ThymusError } from '../../core/errors.ts'
import type { BundleOptions } from '../../lang/rego/bundle/bundle.ts'
import { mergeData } from '../../lang/rego/bundle/merge.ts'
import { RegoObject } from '../../lang/rego/values/value.ts'
import { addressOf, listen, readAddress, stop } from '../../server/listen.ts'
import type { Owner } from '../../server/opa/owners.ts'
import { tooLarge } from '../../server/opa/refusal.ts'
import { answer, type ServiceOptions } from '../../server/opa/service.ts'
import { type Source, World } from '../../server/opa/world.ts'
import { DecisionLines } from '../decision-log.ts'
import { readText } from '../files.ts'
import { note } from '../terminal.ts'
import { version } from '../version.ts'
import { loadBundles } from './bundles.ts'
import { loadFiles } from './files.ts'
import { type ModuleFlags, type SIGNING, versionOf } from './flags.ts'
import { rejected } from './rejected.ts'
import { surroundings } from './surroundings.ts'

export interface ServeFlags extends ModuleFlags {
  readonly addr: string
  readonly bundle?: readonly string[]
  readonly 'verification-key'?: string
  readonly 'verification-key-id': string
  readonly 'signing-alg': (typeof SIGNING)[number]
  readonly scope?: string
  readonly 'skip-verify'?: boolean
  readonly authentication: 'off' | 'token'
  readonly authorization: 'off' | 'basic'
  readonly 'decision-log'?: string
  readonly 'max-request-bytes'?: number
  readonly 'evaluation-timeout'?: number
}

/** As much as is taken of one request unless told otherwise. */
const MAX_BYTES = 64 << 20
/** For requests that are under way when the server is told to stop, and then for the reader of the log. */
const GRACE_MS = 10_000

/** Answers until it is told to stop. */
export async function serve(flags: ServeFlags): Promise<number> {
  const address = readAddress(flags.addr)
  const maxBytes = flags['max-request-bytes'] ?? MAX_BYTES
  const labels = RegoObject.of([
    ['id', randomUUID()],
    ['version', version()],
  ])
  const { 'decision-log': logTo } = flags
  const log = logTo === undefined ? undefined : new DecisionLines(logTo)
  const write = (line: string) => log?.write(line, ({ message }) => note(`a decision is not logged: ${message}`))
  const options: ServiceOptions = {
    authentication: flags.authentication,
    authorization: flags.authorization,
    decisions: log && { labels, id: randomUUID, complain: note, write },
    labels,
    build: version(),
    maxBytes,
    now: () => surroundings().now,
    clock: () => performance.now(),
    fault: (error) => note(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  }
  try {
    const world = load(flags)
    const server = await listen(address, (asked) => answer(asked, world, options), { maxBytes, tooLarge: tooLarge(maxBytes) })
    note(`listening on ${addressOf(server)}`)
    await new Promise((resolve) => process.once('SIGTERM', resolve).once('SIGINT', resolve))
    await stop(server, GRACE_MS)
    return 0
  } catch (error) {
    return rejected(error, 1)
  } finally {
    await log?.close(GRACE_MS)
  }
}

function load(flags: ServeFlags): World {
  const milliseconds = flags['evaluation-timeout']
  const world = new World({ version: versionOf(flags), surroundings, ...(milliseconds === undefined ? {} : { limits: { milliseconds } }) })
  const bundles = loadBundles(flags.bundle ?? [], {
    version: versionOf(flags),
    verification: verificationOf(flags),
    surroundings: surroundings(),
  })
  const { modules, data } = loadFiles(flags.data ?? [])
  const all = mergeData(mergeData(bundles.data, data) ?? null, systemData(bundles.owners))
  if (!(all instanceof RegoObject)) throw new ThymusError('USAGE', 'files and bundles have something at the same place')
  const sources = Object.entries(modules).map(([name, text]): [string, Source] => [
    name.replace(/^\/+/, ''),
    { text, version: versionOf(flags) },
  ])
  world.load(new Map([...bundles.sources, ...sources]), all, bundles.owners)
  return world
}

/** What OPA tells of itself and of its bundles below `data.system`. */
function systemData(owners: readonly Owner[]): RegoObject {
  const bundles = owners.map(({ name, roots, revision }): [string, RegoObject] => {
    const manifest = RegoObject.of([
      ['revision', revision],
      ['roots', roots],
    ])
    return [
      name,
      RegoObject.of([
        ['etag', ''],
        ['manifest', manifest],
      ]),
    ]
  })
  const build = RegoObject.of([
    ...['build_commit', 'build_hostname', 'build_timestamp'].map((key) => [key, ''] as const),
    ['version', version()],
  ])
  const system = RegoObject.of([['version', build], ...(bundles.length === 0 ? [] : [['bundles', RegoObject.of(bundles)] as const])])
  return RegoObject.of([['system', system]])
}

function verificationOf(flags: ServeFlags): BundleOptions['verification'] {
  if (flags['skip-verify']) return 'skip'
  const key = flags['verification-key']
  if (key === undefined) return undefined
  const algorithm = flags['signing-alg']
  return {
    key: algorithm.startsWith('HS') ? key : readText(key),
    algorithm,
    keyId: flags['verification-key-id'],
    scope: flags.scope ?? '',
  }
}
