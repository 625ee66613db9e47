import { type OutputFlags, openOutput } from '../output.ts'
import { here } from '../session.ts'

export async function status(flags: OutputFlags): Promise<undefined> {
  const output = await openOutput('Status', flags)
  output.show(await here().client.status())
}
