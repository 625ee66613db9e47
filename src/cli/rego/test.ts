import { ThymusError } from '../../core/errors.ts'
import { Coverage, type CoverageReport, spansOf } from '../../lang/rego/coverage.ts'
import { compilePolicy } from '../../lang/rego/policy.ts'
import { runTests, type TestResult } from '../../lang/rego/testing.ts'
import { limitedBy } from './capabilities.ts'
import { loadFiles } from './files.ts'
import { type ModuleFlags, type NetFlags, versionOf } from './flags.ts'
import { netOf } from './net.ts'
import { rejected } from './rejected.ts'
import { surroundings } from './surroundings.ts'

export interface TestFlags extends Omit<ModuleFlags, 'data'>, NetFlags {
  readonly format: 'pretty' | 'json'
  readonly verbose?: boolean
  readonly run?: string
  readonly coverage?: boolean
  readonly capabilities?: string
  /** In percent. */
  readonly threshold?: number
  readonly count?: number
  /** Seconds for each test. */
  readonly timeout?: number
  readonly 'exit-zero-on-skipped'?: boolean
}

const TIMEOUT_SECONDS = 5
const LINE = `${'-'.repeat(80)}\n`

/** Exit status as opa's: 2 where a test failed or was skipped, or too little was covered; 1 for an error. */
export async function test(flags: TestFlags, ...paths: string[]): Promise<number> {
  try {
    const { modules, data } = loadFiles(paths)
    const policy = compilePolicy(modules, { version: versionOf(flags), print: true, annotations: true, ...limitedBy(flags.capabilities) })
    const coverage = flags.coverage || (flags.threshold ?? 0) > 0 ? new Coverage() : undefined
    const options = {
      data,
      surroundings: surroundings(netOf(flags['allow-net'])),
      limits: { milliseconds: 1000 * (flags.timeout ?? TIMEOUT_SECONDS) },
      ...(coverage === undefined ? {} : { visited: coverage.visited }),
    }
    const pattern = patternOf(flags.run)
    const results = Array.from({ length: flags.count ?? 1 }, () => [...runTests(policy, options, pattern)]).flat()
    if (coverage !== undefined) return showCoverage(coverage.report(policy.modules), results, flags)
    process.stdout.write(flags.format === 'json' ? `${JSON.stringify(results.map(document), undefined, 2)}\n` : pretty(results, flags))
    return results.some(({ outcome }) => isBad(outcome) || (outcome === 'skipped' && !flags['exit-zero-on-skipped'])) ? 2 : 0
  } catch (error) {
    return rejected(error, 1)
  }
}

const isBad = (outcome: TestResult['outcome']) => outcome === 'failed' || outcome === 'error'

/** The report, unless a test failed; what is below the threshold is said instead. */
function showCoverage(report: CoverageReport, results: readonly TestResult[], { threshold = 0, verbose = false }: TestFlags): number {
  const failed = results.filter(({ outcome }) => isBad(outcome))
  if (failed.length > 0) {
    process.stdout.write(pretty(failed, { verbose }))
    return 1
  }
  if (report.coverage < threshold) {
    const lines = verbose ? openLines(report) : []
    const why = `Code coverage threshold not met: got ${report.coverage.toFixed(2)} instead of ${threshold.toFixed(2)}`
    process.stderr.write(`${[why, ...lines].join('\n')}\n`)
    return 2
  }
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
  return results.some(({ outcome }) => outcome === 'skipped') ? 2 : 0
}

function openLines({ files }: CoverageReport): readonly string[] {
  const lines = Object.entries(files).flatMap(([file, { not_covered = [] }]) =>
    spansOf(not_covered).map(([from, to]) => `\t${file}:${from === to ? from : `${from}-${to}`}`),
  )
  return ['Lines not covered:', ...lines]
}

function patternOf(text: string | undefined): RegExp | undefined {
  try {
    return text === undefined ? undefined : new RegExp(text)
  } catch (cause) {
    throw new ThymusError('USAGE', `--run: ${(cause as Error).message}`, { cause })
  }
}

function pretty(results: readonly TestResult[], { verbose }: Pick<TestFlags, 'verbose'>): string {
  if (results.length === 0) return ''
  const shown = results.filter(({ outcome }) => verbose || outcome !== 'passed')
  const total = (...outcomes: readonly TestResult['outcome'][]) => results.filter(({ outcome }) => outcomes.includes(outcome)).length
  const counts = [
    ['PASS', total('passed')],
    ['FAIL', total('failed')],
    ['ERROR', total('error')],
    ['SKIPPED', total('skipped')],
  ] as const
  const summary = counts
    .filter(([word, count]) => word === 'PASS' || count > 0)
    .map(([word, count]) => `${word}: ${count}/${results.length}\n`)
  return `${shown.map(resultText).join('')}${shown.length > 0 ? LINE : ''}${summary.join('')}`
}

const WORDS = { passed: 'PASS', failed: 'FAIL', error: 'ERROR', skipped: 'SKIPPED' }

function resultText(result: TestResult): string {
  const { at, outcome, milliseconds, error, output } = result
  const time = outcome === 'skipped' ? '' : ` (${duration(milliseconds)})`
  const place = `${at.file}:${at.row}:\n${result.package}.${result.name}: ${WORDS[outcome]}${time}\n`
  const printed = output.length === 0 ? '' : `\n${output.map((line) => `  ${line}\n`).join('')}\n`
  return place + (error === undefined ? '' : `  ${error.opaCode}: ${error.message}\n`) + printed
}

/** As Go prints one. */
function duration(milliseconds: number): string {
  if (milliseconds >= 1000) return `${milliseconds / 1000}s`
  return milliseconds >= 1 ? `${milliseconds.toFixed(3)}ms` : `${(milliseconds * 1000).toFixed(3)}µs`
}

function document({ at, package: path, name, outcome, milliseconds, output }: TestResult): object {
  return {
    location: { file: at.file, row: at.row, col: at.col },
    package: path,
    name,
    ...(outcome === 'failed' || outcome === 'error' ? { fail: true } : {}),
    ...(outcome === 'skipped' ? { skip: true } : {}),
    duration: Math.round(milliseconds * 1e6),
    ...(output.length === 0 ? {} : { output: Buffer.from(output.map((line) => `${line}\n`).join('')).toString('base64') }),
  }
}
