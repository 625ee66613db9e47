import { replay as play } from '../../agent/replay.ts'
import { within } from '../../core/errors.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { note } from '../terminal.ts'
import { timeText } from '../views/words.ts'

export async function replay(flags: OutputFlags & { readonly flows?: boolean }, file: string): Promise<undefined> {
  const output = await openOutput(flags.flows ? 'FlowList' : 'FindingList', flags)
  const { origin, findings, flows, events, lost } = within(file, () => play(file))
  output.show({ items: flags.flows ? flows : findings })
  const more = lost === 0 ? '' : `; ${lost} more were lost while they were recorded`
  note(`[replayed] ${events} events, recorded ${timeText(origin.at)} on ${origin.on}${more}`)
}
