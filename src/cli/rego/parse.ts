import { faultDocuments, faultsOf } from '../../lang/rego/faults.ts'
import { parseModule } from '../../lang/rego/syntax/module.ts'
import { outline } from '../../lang/rego/syntax/outline.ts'
import { moduleValue } from '../../lang/rego/syntax/tree-value.ts'
import { readText } from '../files.ts'
import { type ModuleFlags, versionOf } from './flags.ts'
import { indented } from './indented.ts'

export interface ParseFlags extends Omit<ModuleFlags, 'data'> {
  readonly format: 'pretty' | 'json'
}

/** What is wrong is told in JSON for either format, as opa does. */
export async function parse(flags: ParseFlags, path: string): Promise<number> {
  const text = readText(path)
  try {
    const module = parseModule(path, text, { version: versionOf(flags), annotations: true })
    process.stdout.write(flags.format === 'json' ? `${indented(moduleValue(module))}\n` : outline(module))
    return 0
  } catch (error) {
    const faults = faultsOf(error)
    if (faults === undefined) throw error
    process.stderr.write(`${JSON.stringify({ errors: faultDocuments(faults) }, undefined, 2)}\n`)
    return 1
  }
}
