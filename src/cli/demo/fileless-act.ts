import { join } from 'node:path'
import type { FindingList } from '../../server/api.ts'
import type { Stage } from './stage.ts'

const POLICY = 'src/cli/demo/props/no-fileless.yaml'
const OBJECTS = join(import.meta.dirname, '../../../kernel/build')

/** A program that exists only in memory: allowed once, then stopped before its first instruction. */
export async function filelessAct(stage: Stage): Promise<void> {
  stage.title(2, 'A program without a file')
  const payload = stage.prop('memfd')
  stage.say('The payload copies a program into a memfd and becomes it: nothing on any disk, nothing for a scanner to find.')
  const free = await stage.thymus('run', '--name', 'unwatched', '--', ...payload)
  stage.expect('without a policy it prints its line', free.stdout === 'the payload ran\n')
  if (stage.rung === 'self-restricted') {
    const bound = await stage.thymus('run', '--name', 'worker', '--label', 'app=worker', '--policy', POLICY, '--', ...payload)
    stage.expect('with a policy it cannot make the memfd (seccomp)', bound.stdout === 'memfd_create: EPERM\n')
    console.log('  undone: the restriction ended with the command')
    return
  }
  stage.say('A WorkloadPolicy denies it to app=worker.')
  await stage.thymus('apply', '-f', POLICY, '--enforce')
  await stopped(stage, payload)
  const listed = await stage.thymus('finding', 'list')
  const id = /RT_FILELESS-\w+/.exec(listed.stdout)?.[0]
  stage.expect('it is a finding', id !== undefined)
  if (id !== undefined) await stage.thymus('explain', id)
  await stage.thymus('policy', 'delete', 'WorkloadPolicy/default/no-fileless')
  console.log('  undone')
}

/** With a witness: a new image's first instruction is a page fault from user mode, and there is none. */
async function stopped(stage: Stage, payload: readonly string[]): Promise<void> {
  const { Witness } = await import('../../adapters/linux/bpf/witness.ts')
  using witness = new Witness(OBJECTS)
  const denied = await stage.thymus('run', '--name', 'worker', '--label', 'app=worker', '--', ...payload)
  stage.expect('its line was never printed', denied.stdout === '' || denied.stdout === 'execveat: EPERM\n')
  if (denied.stdout !== '') return // refused by the LSM: no new image ever existed
  const found = await stage.quietly('finding', 'list', '-o', 'json')
  const pid = (JSON.parse(found.stdout) as FindingList).items.find(({ code }) => code === 'RT_FILELESS')?.evidence.process
  const worked = witness.faults((pid as { pid: number } | undefined)?.pid ?? 0)
  stage.expect(`no instruction of it ran: ${worked} page faults from user mode after the exec`, worked === 0)
}
