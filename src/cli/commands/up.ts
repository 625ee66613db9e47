import { startAgent } from '../agent-process.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { here } from '../session.ts'
import { note, waiting } from '../terminal.ts'

export async function up(flags: OutputFlags): Promise<undefined> {
  const output = await openOutput('Status', flags)
  const { at, client } = here()
  const { status, without } = await waiting('starting the agent', startAgent(at, client))
  output.show(status)
  if (without !== undefined) note(`without the kernel: ${without.code}: ${without.message}`)
}
