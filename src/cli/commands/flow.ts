import { type OutputFlags, openOutput } from '../output.ts'
import { here } from '../session.ts'

export async function list(flags: OutputFlags): Promise<undefined> {
  const output = await openOutput('FlowList', flags)
  output.show(await here().client.flows())
}
