import { examine } from '../doctor/capability.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { teeProbes } from './abilities.ts'
import { thisMachine } from './machine.ts'

export async function doctor(flags: OutputFlags): Promise<undefined> {
  const output = await openOutput('CapabilityList', flags)
  output.show({ items: await Promise.all(teeProbes(thisMachine).map(examine)) })
}
