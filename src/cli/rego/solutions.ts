// The answers to a query, in the formats of `opa eval`.
import type { CoverageReport } from '../../lang/rego/coverage.ts'
import type { Solution } from '../../lang/rego/query.ts'
import { printJson } from '../../lang/rego/values/text.ts'
import { RegoObject, type Value } from '../../lang/rego/values/value.ts'
import { indented } from './indented.ts'
import { boxed } from './table.ts'

export type AnswerFormat = 'json' | 'pretty' | 'raw' | 'values' | 'bindings' | 'discard'

/** @param coverage is shown with the answer where the format has a place for it */
export function shown(solutions: readonly Solution[], format: AnswerFormat, coverage?: CoverageReport): string {
  const values = ({ expressions }: Solution) => expressions.map(({ value }) => value)
  const bindings = (solution: Solution) => RegoObject.of(solution.bindings)
  switch (format) {
    case 'discard':
      return solutions.length === 0 ? '{}\n' : '{\n  "result": "discarded"\n}\n'
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
  const { bindings, expressions } = first
  const booleans = expressions.every(({ value }) => typeof value === 'boolean')
  if (solutions.length === 1 && bindings.size === 0 && (expressions.length === 1 || booleans)) return `${indented(expressions[0]!.value)}\n`
  const names = [...bindings.keys()].toSorted()
  const lines = [...expressions.keys()].filter((at) => bindings.size === 0 || typeof expressions[at]!.value !== 'boolean')
  const rows = solutions.map((each) => [
    ...lines.map((at) => printJson(each.expressions[at]!.value)),
    ...names.map((name) => printJson(each.bindings.get(name) ?? null)),
  ])
  return boxed([...lines.map((at) => expressions[at]!.text), ...names], rows)
}
