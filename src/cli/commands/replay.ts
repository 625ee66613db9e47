import { replay as play } from '../../agent/replay.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { note } from '../terminal.ts'

export async function replay(flags: OutputFlags, file: string): Promise<undefined> {
  const output = await openOutput('FindingList', flags)
  const { findings, events, lost } = play(file)
  output.show({ items: findings })
  note(`[replayed] ${events} events${lost === 0 ? '' : `; ${lost} more were lost while they were recorded`}`)
}
