import { faultsOf, faultText } from '../../lang/rego/faults.ts'
import { changedFiles, colouredDiff } from '../../lang/rego/format/diff.ts'
import { saysTheSame } from '../../lang/rego/format/meaning.ts'
import { formatSource } from '../../lang/rego/format/source.ts'
import { parseModule } from '../../lang/rego/syntax/module.ts'
import { readText, writeOutput } from '../files.ts'
import { note } from '../terminal.ts'
import { loadFiles } from './files.ts'
import { type ModuleFlags, versionOf } from './flags.ts'

export interface FmtFlags extends Omit<ModuleFlags, 'data'> {
  readonly 'v0-v1'?: boolean
  readonly 'drop-v0-imports'?: boolean
  readonly write?: boolean
  readonly list?: boolean
  readonly diff?: boolean
  readonly fail?: boolean
}

/**
 * Formats stdin where no file is named. Nothing is written unless every file can be formatted, and what comes of it can be parsed. Exit
 * status as opa's: 2 for a file that cannot be formatted and where --fail says so, 1 for such a stdin.
 */
export async function fmt(flags: FmtFlags, ...paths: string[]): Promise<number> {
  const stdin = paths.length === 0
  const before = stdin ? { stdin: readText('-') } : loadFiles(paths, { modulesOnly: true }).modules
  const files: { readonly name: string; readonly before: string; readonly after: string }[] = []
  for (const [name, text] of Object.entries(before)) {
    const after = attempt(() => formatted(name, text, flags))
    if (typeof after === 'string') files.push({ name, before: text, after })
    else {
      process.stderr.write(stdin ? after.why : `failed to format Rego source file: ${after.why}`)
      return stdin ? 1 : 2
    }
  }
  for (const { name, before: text, after } of files) {
    const invalid = compare(name, text, after, flags)
    if (invalid === undefined) continue
    process.stderr.write(`${name} was successfully formatted, but the result is invalid: ${invalid.why}`)
    return 2
  }
  const changed = files.filter((file) => file.before !== file.after)
  const failed = (flags.fail ?? false) && changed.length > 0
  if (flags.list) process.stdout.write(changedFiles(files))
  else if (flags.diff) for (const file of changed) process.stdout.write(colouredDiff(file.before, file.after))
  else if (!failed) {
    for (const { name, after } of flags.write && !stdin ? changed : files) {
      if (flags.write && !stdin) writeOutput(name, after, { over: true })
      else process.stdout.write(after)
    }
  }
  if (failed) process.stderr.write('unexpected diff\n')
  return failed ? 2 : 0
}

/** What is wrong with a module, as text. */
interface Failure {
  readonly why: string
}

function attempt<T>(run: () => T): T | Failure {
  try {
    return run()
  } catch (error) {
    const faults = faultsOf(error)
    if (faults === undefined) throw error
    return { why: faultText(faults) }
  }
}

/** What is formatted for both versions is read as the older one. */
const readAs = (flags: FmtFlags) => (flags['v0-v1'] ? 'v0' : versionOf(flags))

function formatted(name: string, text: string, flags: FmtFlags): string {
  const version = flags['v0-v1'] ? 'v0v1' : versionOf(flags)
  return formatSource(name, text, { version, from: readAs(flags), dropImports: flags['drop-v0-imports'] ?? false })
}

/** Why the new text is no module; undefined where it is one. One that does not say what the old one said is warned of. */
function compare(name: string, before: string, after: string, flags: FmtFlags): Failure | undefined {
  const both = flags['v0-v1'] ?? false
  const result = attempt(() => parseModule('formatted', after, { version: both ? 'v0' : versionOf(flags), both }))
  if ('why' in result) return result
  if (!saysTheSame(parseModule(name, before, { version: readAs(flags) }), result)) {
    note(`warning: ${name}: what is formatted does not say what was written (opa fmt does the same)`)
  }
  return undefined
}
