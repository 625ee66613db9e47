import { join } from 'node:path'
import type { Witness } from '../../adapters/linux/bpf/witness.ts'
import { summaryOf } from '../../agent/records.ts'
import type { FindingList } from '../../server/api.ts'
import type { Act, Stage } from './stage.ts'

const POLICY = 'src/cli/demo/props/no-fileless.yaml'
const OBJECTS = join(import.meta.dirname, '../../../kernel/build')
const FREE = ['run', '--name', 'unwatched', '--']
const BOUND = ['run', '--name', 'worker', '--label', 'app=worker']

/** A program that exists only in memory: allowed once, then stopped before its first instruction. */
export const FILELESS_ACT: Act = {
  title: 'A program without a file',
  needs: ['exec', 'exec, fileless'],
  byKernel,
  selfRestricted,
  replayed,
}
const PAYLOAD = 'The payload copies a program into a memfd and becomes it: nothing on any disk, nothing for a scanner to find.'

async function byKernel(stage: Stage): Promise<void> {
  stage.say(PAYLOAD)
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
  stage.say(PAYLOAD)
  const free = await stage.thymus(...FREE, ...stage.prop('memfd'))
  stage.expect('without a policy it prints its line', free.stdout === 'the payload ran\n')
  const bound = await stage.thymus(...BOUND, '--policy', POLICY, '--', ...stage.prop('memfd'))
  stage.expect('with one that denies it, it cannot even make the memfd (seccomp)', bound.stdout === 'memfd_create: EPERM\n')
  console.log('  undone: the restriction ended with the command')
}

async function replayed(stage: Stage, recording: string): Promise<void> {
  stage.say(`${PAYLOAD} It was run twice: without a policy, and by app=worker, to which one denies it.`)
  await stage.thymus('replay', recording)
  const { items } = JSON.parse((await stage.quietly('replay', recording, '-o', 'json')).stdout) as FindingList
  const of = (workload: string) => items.find(({ code, about }) => code === 'RT_FILELESS' && about === workload)
  stage.expect('without a policy it ran, and was seen', of('default/unwatched')?.title.startsWith('Ran: ') === true)
  const stopped = of('default/worker')
  stage.expect('with one that denies it, it was stopped', stopped?.title.startsWith('Stopped: ') === true)
  const because = stopped?.because == null ? 'it is not known why' : summaryOf(stopped.because)
  stage.expect(`it names the file and the line: ${because}`, because.includes(`${POLICY}:`))
}

/** A new image's first instruction is a page fault from user mode: how many had the payload that was found last? */
async function faultsOf(stage: Stage, witness: Witness): Promise<number> {
  const { items } = JSON.parse((await stage.quietly('finding', 'list', '-o', 'json')).stdout) as FindingList
  const [latest] = items.filter(({ code }) => code === 'RT_FILELESS').sort((one, other) => other.at - one.at)
  return witness.faults((latest?.evidence.process as { pid: number } | undefined)?.pid ?? 0)
}
