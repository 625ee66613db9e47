import { selfRestrictionTest } from '../../agent/confine-self-test.ts'
import { type Places, places } from '../../agent/places.ts'
import { restore, tracesOf } from '../../agent/purge.ts'
import { EXIT, ThymusError } from '../../core/errors.ts'
import type { Rung } from '../../core/posture.ts'
import { endAgent, isRefusal, lockHolder, type Started, startAgent } from '../agent-process.ts'
import { Client } from '../client.ts'
import { type Colour, note, useColour } from '../terminal.ts'
import { ADMISSION_ACT } from './admission-act.ts'
import { BOOT_ACT } from './boot-act.ts'
import { FILELESS_ACT } from './fileless-act.ts'
import { NETWORK_ACT } from './network-act.ts'
import { type Act, type FreeAct, Stage } from './stage.ts'

const ACTS: Readonly<Record<string, Act | FreeAct>> = { '1': NETWORK_ACT, '2': FILELESS_ACT, '3': ADMISSION_ACT, '4': BOOT_ACT }

/**
 * The story, act by act; it is also the acceptance test: each promise is checked, and one that is not kept fails the demo. An agent that it had
 * to start goes again, with all that was not there before it; one that ran goes on.
 */
export async function demo(flags: { readonly color: Colour }, act: string | undefined): Promise<number> {
  const chosen = act === undefined ? Object.keys(ACTS) : [act]
  if (act !== undefined && !Object.hasOwn(ACTS, act))
    throw new ThymusError('USAGE', `there are acts ${Object.keys(ACTS).join(', ')}`, { at: act })
  const at = places()
  const client = new Client(at)
  const found = tracesOf(at)
  const started = await start(at, client)
  const hasKernel = started !== undefined && started.status.agent.guard !== null
  const seen = hasKernel ? [] : selfRestrictionTest()
  const bold = useColour(flags.color, process.stdout.isTTY, process.env)
    ? (text: string) => `\x1b[1m${text}\x1b[0m`
    : (text: string) => text
  const stage = new Stage(bold)
  try {
    for (const number of chosen) await play(stage, number, hasKernel, seen)
  } finally {
    await stage.clear()
    if (started?.isOurs) await endAgent(at, client, false)
    if (started === undefined ? lockHolder(at.lock) === undefined : started.isOurs) restore(at, found)
  }
  console.log(stage.failures === 0 ? '\nEvery promise was kept.' : `\n${stage.failures} promises were not kept.`)
  return stage.failures === 0 ? EXIT.ok : EXIT.error
}

/** As strongly as it can be played here: by the kernel, by commands that restrict themselves, or from a recording. */
async function play(stage: Stage, number: string, hasKernel: boolean, seen: readonly Rung[]): Promise<void> {
  const act = ACTS[number]!
  const title = `Act ${number}. ${act.title}`
  if ('rung' in act) {
    stage.title(title, act.rung)
    return act.play(stage)
  }
  const lacking = seen.find(({ gate, works }) => act.needs.includes(gate) && works.is !== 'pass')
  const rung = hasKernel ? 'kernel' : lacking === undefined ? 'self-restricted' : 'replayed'
  stage.title(title, rung)
  if (rung === 'kernel') return act.byKernel(stage)
  if (lacking === undefined) return act.selfRestricted(stage)
  stage.say('This was played before, elsewhere, and is only shown here: nothing on this machine can refuse it.')
  console.log(`  ${lacking.gate}: ${lacking.works.is === 'unknown' ? lacking.works.why.text : 'seen to pass'}`)
  stage.say('What the kernel said then was recorded, and goes through the pipeline that live events take.')
  return act.replayed(stage, `src/cli/demo/recordings/act-${number}.rec`)
}

/** Where the agent itself is refused there is none, and what needs none is still played. */
async function start(at: Places, client: Client): Promise<Started | undefined> {
  try {
    return await startAgent(at, client)
  } catch (error) {
    if (!(error instanceof ThymusError && isRefusal(error))) throw error
    note(`without an agent: ${error.code}: ${error.message}`)
    return undefined
  }
}
