// What the agent says of itself, and what its socket lets others do.
import { statSync } from 'node:fs'
import type { Places } from '../../agent/places.ts'
import { ThymusError } from '../../core/errors.ts'
import type { Status } from '../../server/api.ts'
import type { Client } from '../client.ts'
import { version } from '../version.ts'
import { type Capability, missing, ok, type Probe, refused, unsure } from './capability.ts'

const FIX = 'thymus up'
const WRITABLE_BY_OTHERS = 0o022

export function agentProbes(at: Places, client: Client): readonly Probe[] {
  return [
    {
      code: 'AGENT',
      title: 'agent',
      disables: 'all: nothing is watched, and nobody can be asked',
      fix: FIX,
      run: async () => {
        try {
          const { agent } = await client.status()
          const here = version()
          return agent.version === here
            ? ok(`answers; version ${here}, process ${agent.pid}`)
            : unsure(`version ${agent.version}, this is ${here}`)
        } catch (error) {
          if (!(error instanceof ThymusError)) throw error
          return error.code === 'PRIVILEGE' ? refused(error.message) : missing(error.message)
        }
      },
    },
    {
      code: 'SOCKET',
      title: 'socket of the agent',
      disables: 'all: another could answer in its place',
      fix: `only its owner may write to ${at.door}`,
      run: () => {
        if (!statSync(at.socket).isSocket()) return unsure(`${at.socket} is no socket`)
        const { mode, uid } = statSync(at.door)
        if ((mode & WRITABLE_BY_OTHERS) !== 0) return refused(`${at.door} has mode ${(mode & 0o7777).toString(8)}: others may replace it`)
        return [0, at.user, process.getuid!()].includes(uid)
          ? ok(`${at.socket}; who asks is told by the kernel`)
          : refused(`${at.door} belongs to user ${uid}`)
      },
    },
  ]
}

/** How strongly each layer can act here: the agent has made each rung deny something, and has seen it. */
export async function rungs(client: Client): Promise<readonly Capability[]> {
  let status: Status
  try {
    status = await client.status()
  } catch {
    return []
  }
  return status.layers.flatMap(({ layer, rungs: found }) =>
    found.map(({ gate, rung, works }): Capability => {
      const base = { code: `RUNG_${gate.toUpperCase().replace(/\W+/g, '_')}`, title: `denying at ${gate}` }
      if (works.is === 'pass') return { ...base, ...ok(`seen: ${rung}`), fix: null, disables: null }
      const reason = works.is === 'unknown' ? works.why.text : `seen not to deny: ${rung}`
      const found = works.is === 'unknown' ? unsure(reason) : missing(reason)
      return { ...base, ...found, fix: null, disables: `${layer}: ${gate}` }
    }),
  )
}
