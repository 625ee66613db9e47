import { agentProbes, rungs } from '../doctor/agent.ts'
import { examine } from '../doctor/capability.ts'
import { machineProbes } from '../doctor/machine.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { here } from '../session.ts'
import { waiting } from '../terminal.ts'

export async function doctor(flags: OutputFlags): Promise<undefined> {
  const output = await openOutput('CapabilityList', flags)
  const { at, client } = here()
  const tried = Promise.all([...machineProbes(at), ...agentProbes(at, client)].map(examine))
  output.show({ items: [...(await waiting('trying what this machine allows', tried)), ...(await rungs(client))] })
}
