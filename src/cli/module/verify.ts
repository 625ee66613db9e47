import { EXIT } from '../../core/errors.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { judgeModules, type KeyFlags, readKeys } from './judged.ts'

interface VerifyFlags extends OutputFlags, KeyFlags {}

export async function verify(flags: VerifyFlags, ...paths: string[]): Promise<number> {
  const output = await openOutput('ModuleList', flags)
  const modules = judgeModules(paths, readKeys(flags))
  output.show(modules)
  const signatures = modules.items.map(({ signature }) => signature)
  if (signatures.includes('unreadable')) return EXIT.error
  if (signatures.some((each) => each === 'wrong' || each === 'revoked' || each === 'unsigned')) return EXIT.findings
  return signatures.every((each) => each === 'signed') ? EXIT.ok : EXIT.unknown
}
