import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { unifiedMount } from '../../adapters/linux/groups.ts'
import { ThymusError } from '../../core/errors.ts'
import type { Mode } from '../../core/workload.ts'
import { recognise } from '../../formats/cgroup-path.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { type WorkloadRef, workloadName } from '../parameters.ts'
import { here } from '../session.ts'
import { note } from '../terminal.ts'

export interface AdoptFlags extends OutputFlags {
  readonly cgroup: string
  readonly name?: string
  readonly namespace: string
  readonly label?: readonly (readonly [string, string])[]
  readonly mode?: Mode
}

export async function list(flags: OutputFlags): Promise<undefined> {
  const output = await openOutput('WorkloadList', flags)
  output.show(await here().client.workloads())
}

export async function show(flags: OutputFlags, ref: WorkloadRef): Promise<undefined> {
  const output = await openOutput('Workload', flags)
  output.show(await here().client.workload(ref))
}

export async function adopt(flags: AdoptFlags): Promise<undefined> {
  const output = await openOutput('Workload', flags)
  const cgroup = groupOf(flags.cgroup)
  const answer = await here().client.startWorkload({
    name: flags.name ?? nameOf(cgroup),
    namespace: flags.namespace,
    labels: Object.fromEntries(flags.label ?? []),
    ...(flags.mode === undefined ? {} : { mode: flags.mode }),
    cgroup,
  })
  output.show(answer)
}

export async function remove(_flags: object, ref: WorkloadRef): Promise<undefined> {
  await here().client.removeWorkload(ref)
  note(`${ref.namespace}/${ref.name} is no workload any more`)
}

/** A path of the file system, or one below the root of the hierarchy, as /proc/PID/cgroup and systemd show it. */
function groupOf(given: string): string {
  const root = unifiedMount()
  if (root === undefined) throw new ThymusError('GROUP_UNKNOWN', 'this machine has no unified control group hierarchy')
  const path = given.startsWith(`${root}/`) ? given : join(root, given)
  if (!existsSync(path)) throw new ThymusError('GROUP_UNKNOWN', 'there is no such control group', { at: path })
  return path
}

/** `nginx.service` → `nginx`; a container is named by the first twelve digits of its ID, as its runtime shows it. */
function nameOf(cgroup: string): string {
  const known = recognise(cgroup)
  const from = known?.container?.slice(0, 12) ?? known?.name ?? known?.unit?.replace(/\.\w+$/, '') ?? basename(cgroup)
  const name = from
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
  try {
    return workloadName(name)
  } catch (cause) {
    throw new ThymusError('USAGE', 'no name can be made from the name of this group: give one by --name', { at: cgroup, cause })
  }
}
