import { statSync, writeFileSync } from 'node:fs'
import { faultsOf, faultText } from '../../lang/rego/faults.ts'
import { changedFiles, colouredDiff } from '../../lang/rego/format/diff.ts'
import { formatSource } from '../../lang/rego/format/source.ts'
import { loadFiles, readText } from './files.ts'
import { type ModuleFlags, versionOf } from './flags.ts'

export interface FmtFlags extends Omit<ModuleFlags, 'data'> {
  readonly 'v0-v1'?: boolean
  readonly 'drop-v0-imports'?: boolean
  readonly write?: boolean
  readonly list?: boolean
  readonly diff?: boolean
  readonly fail?: boolean
}

/** Formats stdin where no file is named. Nothing is written unless every file can be formatted. */
export async function fmt(flags: FmtFlags, ...paths: string[]): Promise<number> {
  const before = paths.length === 0 ? { '-': readText('-') } : loadFiles(paths).modules
  try {
    const files = Object.entries(before).map(([name, text]) => ({ name, before: text, after: formatted(name, text, flags) }))
    const changed = files.filter((file) => file.before !== file.after)
    if (flags.list) process.stdout.write(changedFiles(files))
    else if (flags.diff) for (const file of changed) process.stdout.write(colouredDiff(file.before, file.after))
    else if (flags.write && paths.length > 0)
      for (const { name, after } of changed) writeFileSync(name, after, { mode: statSync(name).mode })
    else for (const { after } of files) process.stdout.write(after)
    return flags.fail && changed.length > 0 ? 1 : 0
  } catch (error) {
    const faults = faultsOf(error)
    if (faults === undefined) throw error
    process.stderr.write(faultText(faults))
    return 1
  }
}

function formatted(name: string, text: string, flags: FmtFlags): string {
  const version = flags['v0-v1'] ? 'v0v1' : versionOf(flags)
  const file = name === '-' ? '' : name
  return formatSource(file, text, { version, from: versionOf(flags), dropImports: flags['drop-v0-imports'] ?? false })
}
