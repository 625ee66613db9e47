import { type OutputFlags, openOutput } from '../output.ts'
import { here } from '../session.ts'

export async function list(flags: OutputFlags): Promise<undefined> {
  const output = await openOutput('DecisionList', flags)
  output.show(await here().client.decisions())
}
