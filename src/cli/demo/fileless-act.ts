import { join } from 'node:path'
import type { Witness } from '../../adapters/linux/bpf/witness.ts'
import type { FindingList } from '../../server/api.ts'
import type { Stage } from './stage.ts'

const POLICY = 'src/cli/demo/props/no-fileless.yaml'
const OBJECTS = join(import.meta.dirname, '../../../kernel/build')
const FREE = ['run', '--name', 'unwatched', '--']
const BOUND = ['run', '--name', 'worker', '--label', 'app=worker']

/** A program that exists only in memory: allowed once, then stopped before its first instruction. */
export async function filelessAct(stage: Stage): Promise<void> {
  stage.title(2, 'A program without a file')
  stage.say('The payload copies a program into a memfd and becomes it: nothing on any disk, nothing for a scanner to find.')
  if (stage.rung === 'self-restricted') return selfRestricted(stage)
  const { Witness } = await import('../../adapters/linux/bpf/witness.ts')
  using witness = new Witness(OBJECTS)
  const free = await stage.thymus(...FREE, ...stage.prop('memfd'))
  stage.expect('without a policy it prints its line', free.stdout === 'the payload ran\n')
  const control = await faultsOf(stage, witness)
  stage.say('A WorkloadPolicy denies it to app=worker.')
  await stage.thymus('apply', '-f', POLICY, '--enforce')
  const denied = await stage.thymus(...BOUND, '--', ...stage.prop('memfd'))
  if (denied.stdout === 'execveat: EPERM\n') stage.expect('execve was refused, so no new image ever existed', true)
  else {
    stage.expect('its line was never printed', denied.stdout === '')
    const worked = await faultsOf(stage, witness)
    stage.expect(
      `no instruction of it ran: ${worked} page faults from user mode, where the allowed one had ${control}`,
      worked === 0 && control > 0,
    )
  }
  const listed = await stage.thymus('finding', 'list')
  const id = /RT_FILELESS-\w+/.exec(listed.stdout)?.[0]
  stage.expect('it is a finding', id !== undefined)
  if (id !== undefined) {
    const explained = await stage.thymus('explain', id)
    stage.expect('it names the file and the line', explained.stdout.includes(`${POLICY}:`))
  }
  await stage.thymus('policy', 'delete', 'WorkloadPolicy/default/no-fileless')
  console.log('  undone')
}

async function selfRestricted(stage: Stage): Promise<void> {
  const free = await stage.thymus(...FREE, ...stage.prop('memfd'))
  stage.expect('without a policy it prints its line', free.stdout === 'the payload ran\n')
  const bound = await stage.thymus(...BOUND, '--policy', POLICY, '--', ...stage.prop('memfd'))
  stage.expect('with one that denies it, it cannot even make the memfd (seccomp)', bound.stdout === 'memfd_create: EPERM\n')
  console.log('  undone: the restriction ended with the command')
}

/** A new image's first instruction is a page fault from user mode: how many had the payload that was found last? */
async function faultsOf(stage: Stage, witness: Witness): Promise<number> {
  const { items } = JSON.parse((await stage.quietly('finding', 'list', '-o', 'json')).stdout) as FindingList
  const [latest] = items.filter(({ code }) => code === 'RT_FILELESS').sort((one, other) => other.at - one.at)
  return witness.faults((latest?.evidence.process as { pid: number } | undefined)?.pid ?? 0)
}
