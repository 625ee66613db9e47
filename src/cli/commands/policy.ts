import { resolve } from 'node:path'
import { moduleDigest } from '../../adapters/linux/modules/files.ts'
import type { Places } from '../../agent/places.ts'
import { EXIT, ThymusError } from '../../core/errors.ts'
import type { Protocol } from '../../core/policy.ts'
import { quote } from '../../core/quote.ts'
import type { PolicySummary, WhyRequest } from '../../server/api.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { type ModeFlags, modeOf, readPolicyText } from '../policy-file.ts'
import { here } from '../session.ts'
import { note } from '../terminal.ts'
import { summaryOf, warn } from './apply.ts'

export interface WhyFlags extends OutputFlags {
  readonly port?: number
  readonly protocol?: Protocol
  readonly bind?: boolean
  readonly exec?: string
  readonly module?: string
}

export async function list(flags: OutputFlags): Promise<undefined> {
  const output = await openOutput('PolicyList', flags)
  const { at, client } = here()
  output.show((await orWithout(client.policies())) ?? { items: await kept(at) })
}

export async function remove(flags: OutputFlags, id: string): Promise<undefined> {
  const output = await openOutput('ApplyResult', flags)
  const { client, at } = here()
  const answer = await orWithout(client.deletePolicy(id))
  const { forget } = await import('../own-policies.ts')
  if (!forget(at, id) && answer === undefined) throw new ThymusError('POLICY_UNKNOWN', `no policy ${quote(id)} is kept`)
  output.show(answer ?? { generation: 0, policies: [], warnings: [], unconfirmed: null, cut: 0, took: 0 })
  if (answer) warn(answer)
  note(`${id} is out of force`)
}

export async function why(flags: WhyFlags, from: string | undefined, to: string | undefined): Promise<number> {
  const request = question(flags, from, to)
  const output = await openOutput('WhyResult', flags)
  const answer = await here().client.why(request)
  output.show(answer)
  return answer.decisions.some(({ because }) => 'unknown' in because) ? EXIT.unknown : EXIT.ok
}

export async function diff(flags: OutputFlags & ModeFlags & { readonly file: string }): Promise<undefined> {
  const mode = modeOf(flags)
  const output = await openOutput('DiffResult', flags)
  const request = { ...readPolicyText(flags.file), ...(mode === undefined ? {} : { mode }) }
  output.show(await here().client.diff(request))
}

/** The answer of the agent; where there is none, a user's own policies are what there is. Root's are with the agent. */
async function orWithout<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ThymusError && error.code === 'AGENT_DOWN' && process.getuid!() !== 0) return undefined
    throw error
  }
}

async function kept(at: Places): Promise<readonly PolicySummary[]> {
  const { ownPolicies } = await import('../own-policies.ts')
  note('no agent: these are kept for `thymus run`')
  return ownPolicies(at).policies.map(summaryOf)
}

function question(flags: WhyFlags, from: string | undefined, to: string | undefined): WhyRequest {
  const { port, protocol, bind, exec, module } = flags
  if (module !== undefined) {
    if (bind || [from, exec, port, protocol].some((each) => each !== undefined)) {
      throw new ThymusError('USAGE', '--module asks about the node: neither FROM, TO, --exec, --bind, --port nor --protocol goes with it')
    }
    return { gate: 'module', ...moduleNamed(module) }
  }
  if (from === undefined) throw new ThymusError('USAGE', 'FROM is missing: who asks? (or ask --module FILE, which is the node’s)')
  if (exec !== undefined) {
    if (bind || to !== undefined || port !== undefined || protocol !== undefined) {
      throw new ThymusError('USAGE', '--exec asks about a file: neither TO, --bind, --port nor --protocol goes with it')
    }
    return { gate: 'exec', from, path: exec }
  }
  const at = { ...(port === undefined ? {} : { port }), protocol: protocol ?? 'TCP' } as const
  if (bind) {
    if (to !== undefined) throw new ThymusError('USAGE', '--bind asks about FROM alone, not about TO')
    if (port === undefined) throw new ThymusError('USAGE', '--bind needs --port')
    return { gate: 'bind', from, ...at }
  }
  if (to === undefined) throw new ThymusError('USAGE', 'TO is missing: who is talked to? (or ask --exec PATH, or --bind)')
  return { gate: 'connect', from, to, ...at }
}

const DIGEST = 'sha256:'

/** By its digest, or the file that has it. */
function moduleNamed(name: string): { readonly sha256: string; readonly path?: string } {
  if (!name.startsWith(DIGEST)) return { sha256: moduleDigest(name), path: resolve(name) }
  const sha256 = name.slice(DIGEST.length).toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new ThymusError('USAGE', 'it is no SHA-256, which has 64 digits', { at: name })
  return { sha256 }
}
