import { ThymusError } from '../../core/errors.ts'
import { Coverage, type CoverageReport } from '../../lang/rego/coverage.ts'
import { compilePolicy } from '../../lang/rego/policy.ts'
import { prepareQuery, type Solution } from '../../lang/rego/query.ts'
import { printJson, readJson } from '../../lang/rego/values/text.ts'
import { RegoObject, type Value } from '../../lang/rego/values/value.ts'
import { netOf } from './allowed-net.ts'
import { limitedBy } from './capabilities.ts'
import { faultsOf, faultText } from './faults.ts'
import { loadFiles, readDocument, readText } from './files.ts'
import { type InputFlags, type ModuleFlags, type NetFlags, versionOf } from './flags.ts'
import { indented } from './indented.ts'
import { loadSchemas } from './schemas.ts'
import { surroundings } from './surroundings.ts'
import { boxed } from './table.ts'

export const FORMATS = ['json', 'pretty', 'raw', 'values', 'bindings', 'discard'] as const

export interface EvalFlags extends ModuleFlags, InputFlags, NetFlags {
  readonly format: (typeof FORMATS)[number]
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
    if (flags.format === 'json') process.stdout.write(`${JSON.stringify({ errors: faults }, undefined, 2)}\n`)
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
  const prepared = prepareQuery(policy, query, {
    version,
    strict,
    print: true,
    traced: flags.coverage ?? false,
    ...(flags.package === undefined ? {} : { package: flags.package }),
    imports: (flags.import ?? []).map((path) => `import ${path}`),
  })
  const coverage = flags.coverage ? new Coverage() : undefined
  const solutions = prepared.solve({
    input: inputOf(flags),
    data,
    surroundings: surroundings(netOf(flags['allow-net'])),
    strict: flags['strict-builtin-errors'] ?? false,
    ...(coverage === undefined ? {} : { visited: coverage.visited }),
  })
  return { solutions, coverage: coverage?.report(policy.modules) }
}

/** Throws ThymusError USAGE where there are two. */
export function inputOf(flags: InputFlags): Value | undefined {
  if (flags.input === undefined) return flags['stdin-input'] ? readJson(readText('-')) : undefined
  if (flags['stdin-input']) throw new ThymusError('USAGE', '--input and --stdin-input exclude each other')
  return readDocument(flags.input)
}

function shown(solutions: readonly Solution[], format: EvalFlags['format'], coverage: CoverageReport | undefined): string {
  const values = ({ expressions }: Solution) => expressions.map(({ value }) => value)
  const bindings = (solution: Solution) => RegoObject.of(solution.bindings)
  switch (format) {
    case 'discard':
      return '{}\n'
    case 'raw':
      return solutions.map((solution) => `${values(solution).map(rawText).join(' ')}\n`).join('')
    case 'values':
      return solutions.map((solution) => `${indented(values(solution))}\n`).join('')
    case 'bindings':
      return solutions.map((solution) => `${indented(bindings(solution))}\n`).join('')
    case 'json':
      return withCoverage(
        indented(solutions.length === 0 ? new RegoObject() : RegoObject.of([['result', solutions.map(document)]]), ['result']),
        coverage,
      )
    case 'pretty':
      return pretty(solutions) + (coverage === undefined ? '' : boxed(undefined, [['Overall Coverage', coverage.coverage.toFixed(2)]]))
  }
}

/** The report stands in the document of results, behind them. */
function withCoverage(results: string, coverage: CoverageReport | undefined): string {
  if (coverage === undefined) return `${results}\n`
  const report = JSON.stringify(coverage, undefined, 2).replaceAll('\n', '\n  ')
  return `${results === '{}' ? '{' : `${results.slice(0, -2)},`}\n  "coverage": ${report}\n}\n`
}

/** A text as it is, all else as JSON. */
const rawText = (value: Value) => (typeof value === 'string' ? value : printJson(value))

function document({ expressions, bindings }: Solution): Value {
  const lines = expressions.map(({ value, text, at }): Value => {
    const location = RegoObject.of([
      ['row', at.row],
      ['col', at.col],
    ])
    return RegoObject.of([
      ['value', value],
      ['text', text],
      ['location', location],
    ])
  })
  const found: [string, Value][] = [['expressions', lines]]
  if (bindings.size > 0) found.push(['bindings', RegoObject.of(bindings)])
  return RegoObject.of(found)
}

/** A single value as JSON, several ones and variables as a table. */
function pretty(solutions: readonly Solution[]): string {
  const [first] = solutions
  if (first === undefined) return 'undefined\n'
  const lines = first.expressions.filter(({ value }) => value !== true || first.expressions.length === 1)
  if (solutions.length === 1 && first.bindings.size === 0 && lines.length === 1) return `${indented(lines[0]!.value)}\n`
  const names = [...first.bindings.keys()].toSorted()
  const shownLines = first.expressions.flatMap(({ text }, at) =>
    solutions.some(({ expressions }) => expressions[at]!.value !== true) ? [[text, at] as const] : [],
  )
  const rows = solutions.map(({ bindings, expressions }) => [
    ...names.map((name) => printJson(bindings.get(name) ?? null)),
    ...shownLines.map(([, at]) => printJson(expressions[at]!.value)),
  ])
  return boxed([...names, ...shownLines.map(([text]) => text)], rows)
}
