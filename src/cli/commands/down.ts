import { existsSync, rmSync, statSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { basename, dirname } from 'node:path'
import { endAgent } from '../agent-process.ts'
import { here } from '../session.ts'
import { note, waiting } from '../terminal.ts'

export async function down({ purge: everything = false }: { readonly purge?: boolean }): Promise<undefined> {
  const { at, client } = here()
  const ran = await waiting('ending the agent', endAgent(at, client, everything))
  if (!everything) {
    note(ran ? 'the agent has ended' : 'no agent was running')
    if (at.pins !== null && existsSync(at.pins))
      note('verdicts stay in force, in the kernel; thymus up goes on, thymus down --purge ends them')
    return
  }
  const { purge } = await import('../../agent/purge.ts')
  purge(at) // the agent did it, if there was one; where there was none, or it died half-way, this does the rest
  removeCache()
  note('everything that Thymus made is gone: programs, maps, groups, namespaces and files')
}

/** The folder that bin/thymus told Node to keep compiled code in. One that the user chose, or that is another user's, is left alone. */
function removeCache(): void {
  const folder = dirname(getCompileCacheDir() ?? '/')
  const owner = statSync(folder, { throwIfNoEntry: false })?.uid
  if (basename(folder) === 'thymus' && owner === process.getuid!()) rmSync(folder, { recursive: true, force: true })
}
