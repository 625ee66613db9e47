import { ThymusError } from '../../core/errors.ts'
import { Coverage, type CoverageReport } from '../../lang/rego/coverage.ts'
import { faultDocuments, faultsOf, faultText } from '../../lang/rego/faults.ts'
import { compilePolicy } from '../../lang/rego/policy.ts'
import { prepareQuery, type Solution } from '../../lang/rego/query.ts'
import { readJson } from '../../lang/rego/values/text.ts'
import type { Value } from '../../lang/rego/values/value.ts'
import { readText } from '../files.ts'
import { limitedBy } from './capabilities.ts'
import { loadFiles, readDocument } from './files.ts'
import { type InputFlags, type ModuleFlags, type NetFlags, versionOf } from './flags.ts'
import { netOf } from './net.ts'
import { loadSchemas } from './schemas.ts'
import { type AnswerFormat, shown } from './solutions.ts'
import { surroundings } from './surroundings.ts'

export interface EvalFlags extends ModuleFlags, InputFlags, NetFlags {
  readonly format: AnswerFormat
  readonly package?: string
  readonly import?: readonly string[]
  readonly schema?: string
  readonly capabilities?: string
  readonly stdin?: boolean
  readonly coverage?: boolean
  readonly strict?: boolean
  readonly fail?: boolean
  readonly 'fail-defined'?: boolean
  readonly 'strict-builtin-errors'?: boolean
}

/** Exit status as opa's: 2 for an error, 1 where --fail or --fail-defined says so. */
export async function evaluate(flags: EvalFlags, operand?: string): Promise<number> {
  const query = queryOf(flags, operand)
  try {
    const { solutions, coverage } = solve(flags, query)
    process.stdout.write(shown(solutions, flags.format, coverage))
    return (flags.fail && solutions.length === 0) || (flags['fail-defined'] && solutions.length > 0) ? 1 : 0
  } catch (error) {
    const faults = faultsOf(error)
    if (faults === undefined) throw error
    if (flags.format === 'json') process.stdout.write(`${JSON.stringify({ errors: faultDocuments(faults) }, undefined, 2)}\n`)
    else process.stderr.write(faultText(faults))
    return 2
  }
}

function queryOf({ stdin, 'stdin-input': input }: EvalFlags, operand: string | undefined): string {
  if (stdin && input) throw new ThymusError('USAGE', '--stdin and --stdin-input exclude each other')
  if (stdin && operand === undefined) return readText('-')
  if (stdin || operand === undefined) throw new ThymusError('USAGE', 'it wants one query: as QUERY, or by --stdin')
  return operand
}

function solve(flags: EvalFlags, query: string): { solutions: readonly Solution[]; coverage: CoverageReport | undefined } {
  const version = versionOf(flags)
  const { modules, data } = loadFiles(flags.data ?? [])
  const schemas = loadSchemas(flags.schema)
  const strict = flags.strict ?? false
  const policy = compilePolicy(modules, {
    ...limitedBy(flags.capabilities),
    version,
    strict,
    print: true,
    annotations: true,
    ...(schemas === undefined ? {} : { schemas }),
  })
  const strictBuiltins = flags['strict-builtin-errors'] ?? false
  // A trace tells where a builtin failed, too.
  const coverage = flags.coverage || strictBuiltins ? new Coverage() : undefined
  const prepared = prepareQuery(policy, query, {
    version,
    strict,
    print: true,
    traced: coverage !== undefined,
    ...(flags.package === undefined ? {} : { package: flags.package }),
    imports: (flags.import ?? []).map((path) => `import ${path}`),
  })
  const solutions = prepared.solve({
    input: inputOf(flags),
    data,
    surroundings: surroundings(netOf(flags['allow-net'])),
    strict: strictBuiltins,
    ...(coverage === undefined ? {} : { visited: coverage.visited }),
  })
  return { solutions, coverage: flags.coverage ? coverage?.report(policy.modules) : undefined }
}

/** Throws ThymusError USAGE where there are two. */
export function inputOf(flags: InputFlags): Value | undefined {
  if (flags.input === undefined) return flags['stdin-input'] ? readJson(readText('-')) : undefined
  if (flags['stdin-input']) throw new ThymusError('USAGE', '--input and --stdin-input exclude each other')
  return readDocument(flags.input)
}
