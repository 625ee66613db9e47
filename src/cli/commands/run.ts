import { inGroup } from '../../adapters/linux/groups.ts'
import type { Places } from '../../agent/places.ts'
import { ThymusError } from '../../core/errors.ts'
import type { Labels } from '../../core/labels.ts'
import type { Mode } from '../../core/workload.ts'
import type { WorkloadSummary } from '../../server/api.ts'
import { powerOf } from '../agent-process.ts'
import { follow } from '../child.ts'
import type { Client } from '../client.ts'
import { here } from '../session.ts'
import { note, waiting } from '../terminal.ts'
import type { MeasuredFlags } from './measured.ts'

export interface RunFlags extends MeasuredFlags {
  readonly name: string
  readonly namespace: string
  readonly label?: readonly (readonly [string, string])[]
  readonly mode?: Mode
  readonly netns?: boolean
  readonly policy?: readonly string[]
}

export async function run(flags: RunFlags, ...words: string[]): Promise<number> {
  const { at, client } = here()
  const { name, namespace, mode, netns, policy } = flags
  const given = (['programs', 'key', 'tpm', 'pcr'] as const).find((flag) => flags[flag] !== undefined)
  if (given !== undefined && !flags.measured) throw new ThymusError('USAGE', `--${given} is for --measured`)
  const labels: Labels = Object.fromEntries(flags.label ?? [])
  if ((await powerOf(client)) !== 'enforces') {
    if (netns) throw new ThymusError('PRIVILEGE', '--netns needs an agent that runs as root: sudo thymus up')
    const { runSelfRestricted } = await import('../self-restricted.ts')
    return runSelfRestricted(at, { name, namespace, labels, mode: mode ?? 'enforce', policy }, await measuredCommand(at, flags, words))
  }
  if (policy !== undefined)
    throw new ThymusError('USAGE', '--policy is for commands that restrict themselves; here an agent enforces: thymus apply -f')
  const optional = { ...(mode === undefined ? {} : { mode }), ...(netns ? { netns } : {}) }
  const workload = await waiting('making the workload', client.startWorkload({ name, namespace, labels, ...optional }))
  note(`[kernel] ${namespace}/${name} in ${workload.cgroup}${workload.netns === null ? '' : `, at ${workload.addresses.join(' and ')}`}`)
  try {
    return await follow(entered(workload, await measuredCommand(at, flags, words)))
  } finally {
    await leave(client, workload)
  }
}

/** Measured last, so that nothing stands between the measurement and the start. */
async function measuredCommand(at: Places, flags: RunFlags, words: readonly string[]): Promise<readonly string[]> {
  return flags.measured ? (await import('./measured.ts')).measured(at, flags, words) : words
}

/** The network first: what enters it is ours, and is not yet judged as the workload. */
function entered({ cgroup, netns }: WorkloadSummary, command: readonly string[]): string[] {
  const words = inGroup(cgroup, command)
  return netns === null ? words : ['nsenter', `--net=${netns}`, '--', ...words]
}

/** A workload ends with its command, unless it has left something behind that runs. */
async function leave(client: Client, { namespace, name }: WorkloadSummary): Promise<void> {
  try {
    const { processes } = await client.workload({ namespace, name })
    if (processes === 0) return await client.removeWorkload({ namespace, name })
    note(
      `${processes} other process${processes === 1 ? '' : 'es'} of ${namespace}/${name} went on, and it with them; thymus workload remove ${namespace}/${name} lets go`,
    )
  } catch (error) {
    if (error instanceof ThymusError && error.code === 'WORKLOAD_UNKNOWN') return // somebody was faster
    note(`${namespace}/${name} could not be removed: ${error instanceof Error ? error.message : String(error)}`)
  }
}
