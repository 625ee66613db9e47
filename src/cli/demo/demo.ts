import { places } from '../../agent/places.ts'
import { EXIT, ThymusError } from '../../core/errors.ts'
import { endAgent, startAgent } from '../agent-process.ts'
import { Client } from '../client.ts'
import { type Colour, useColour } from '../terminal.ts'
import { admissionAct } from './admission-act.ts'
import { filelessAct } from './fileless-act.ts'
import { networkAct } from './network-act.ts'
import { Stage } from './stage.ts'

const ACTS: Readonly<Record<string, (stage: Stage) => Promise<void>>> = { '1': networkAct, '2': filelessAct, '3': admissionAct }

/** The story, act by act; it is also the acceptance test: each promise is checked, and one that is not kept fails the demo. */
export async function demo(flags: { readonly color: Colour }, act: string | undefined): Promise<number> {
  const chosen = act === undefined ? Object.values(ACTS) : [ACTS[act]]
  if (chosen[0] === undefined) throw new ThymusError('USAGE', `there are acts ${Object.keys(ACTS).join(', ')}`, { at: act ?? '' })
  const at = places()
  const client = new Client(at)
  const ran = await client.status().then(
    () => true,
    () => false,
  )
  const { status } = await startAgent(at, client)
  const bold = useColour(flags.color, process.stdout.isTTY, process.env)
    ? (text: string) => `\x1b[1m${text}\x1b[0m`
    : (text: string) => text
  const stage = new Stage(status.agent.guard === null ? 'self-restricted' : 'kernel', bold)
  try {
    for (const play of chosen) await play!(stage)
  } finally {
    await stage.clear()
    if (!ran) await endAgent(at, client, false)
  }
  console.log(stage.failures === 0 ? '\nEvery promise was kept.' : `\n${stage.failures} promises were not kept.`)
  return stage.failures === 0 ? EXIT.ok : EXIT.error
}
