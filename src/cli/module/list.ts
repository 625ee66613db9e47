import { release } from 'node:os'
import { loadedModules, moduleName, modulesBelow } from '../../adapters/linux/modules/files.ts'
import { EXIT } from '../../core/errors.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { note } from '../terminal.ts'
import { judgeModules, type KeyFlags, readKeys } from './judged.ts'

interface ListFlags extends OutputFlags, KeyFlags {
  readonly all?: boolean
  readonly folder?: string
}

export async function list({ all, folder = `/lib/modules/${release()}`, ...flags }: ListFlags): Promise<number> {
  const output = await openOutput('ModuleList', flags)
  const keys = readKeys(flags)
  const loaded = new Set(loadedModules())
  const isWanted = (path: string) => all || loaded.has(moduleName(path))
  const paths = all || loaded.size > 0 ? modulesBelow(folder).filter(isWanted) : []
  const modules = judgeModules(paths, keys)
  output.show(modules)
  const gone = loaded.size - new Set(paths.map(moduleName)).intersection(loaded).size
  if (!all && gone > 0) note(`${gone} loaded module${gone === 1 ? ' has' : 's have'} no file in ${folder}`)
  return modules.items.some(({ signature }) => signature === 'wrong' || signature === 'revoked') ? EXIT.findings : EXIT.ok
}
