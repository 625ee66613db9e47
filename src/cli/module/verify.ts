import { EXIT } from '../../core/errors.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { judgeModules, readKeys } from './judged.ts'

interface VerifyFlags extends OutputFlags {
  readonly key?: readonly string[]
}

export async function verify({ key = [], ...flags }: VerifyFlags, ...paths: string[]): Promise<number> {
  const output = await openOutput('ModuleList', flags)
  const modules = judgeModules(paths, readKeys(key))
  output.show(modules)
  const signatures = modules.items.map(({ signature }) => signature)
  if (signatures.includes('unreadable')) return EXIT.error
  if (signatures.some((each) => each === 'wrong' || each === 'unsigned')) return EXIT.findings
  return signatures.every((each) => each === 'signed') ? EXIT.ok : EXIT.unknown
}
