import { type Fault, faultDocuments, faultsOf, faultText } from '../../lang/rego/faults.ts'
import { compilePolicy } from '../../lang/rego/policy.ts'
import { limitedBy } from './capabilities.ts'
import { loadFiles } from './files.ts'
import { type ModuleFlags, versionOf } from './flags.ts'
import { loadSchemas } from './schemas.ts'

export interface CheckFlags extends Omit<ModuleFlags, 'data'> {
  readonly format: 'pretty' | 'json'
  readonly strict?: boolean
  readonly schema?: string
  readonly capabilities?: string
  readonly 'v0-v1'?: boolean
  readonly 'max-errors'?: number
}

/** Says nothing where nothing is wrong. */
export async function check(flags: CheckFlags, ...paths: string[]): Promise<number> {
  const schemas = loadSchemas(flags.schema)
  const both = flags['v0-v1'] ?? false
  try {
    const { modules } = loadFiles(paths, { modulesOnly: true })
    compilePolicy(modules, {
      version: both ? 'v0' : versionOf(flags),
      both,
      strict: flags.strict ?? false,
      print: true,
      annotations: true,
      ...limitedBy(flags.capabilities),
      errorLimit: flags['max-errors'] ?? 10,
      ...(schemas === undefined ? {} : { schemas }),
    })
    return 0
  } catch (error) {
    const faults = faultsOf(error)
    if (faults === undefined) throw error
    const text =
      flags.format === 'json' ? `${JSON.stringify({ errors: faultDocuments(faults) }, undefined, 2)}\n` : faultText(faults, whenOf(faults))
    process.stderr.write(text)
    return 1
  }
}

/** OPA parses while it loads. */
const whenOf = (faults: readonly Fault[]) => (faults.every(({ code }) => code === 'rego_parse_error') ? 'during loading' : undefined)
