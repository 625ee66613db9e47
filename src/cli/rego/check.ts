import { faultDocuments, faultsOf, faultText } from '../../lang/rego/faults.ts'
import { compilePolicy } from '../../lang/rego/policy.ts'
import { loadFiles } from './files.ts'
import { type ModuleFlags, versionOf } from './flags.ts'

export interface CheckFlags extends Omit<ModuleFlags, 'data'> {
  readonly format: 'pretty' | 'json'
  readonly strict?: boolean
  readonly 'max-errors'?: number
}

/** Says nothing where nothing is wrong. */
export async function check(flags: CheckFlags, ...paths: string[]): Promise<number> {
  try {
    const { modules } = loadFiles(paths)
    compilePolicy(modules, { version: versionOf(flags), strict: flags.strict ?? false, errorLimit: flags['max-errors'] ?? 10 })
    if (flags.format === 'json') process.stdout.write('{}\n')
    return 0
  } catch (error) {
    const faults = faultsOf(error)
    if (faults === undefined) throw error
    process.stderr.write(
      flags.format === 'json' ? `${JSON.stringify({ errors: faultDocuments(faults) }, undefined, 2)}\n` : faultText(faults),
    )
    return 1
  }
}
