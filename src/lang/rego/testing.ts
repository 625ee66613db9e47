// Rules that are tests: `test_…` passes where it is true, `todo_test_…` is not run.
import type { CompiledRule } from './compile/compiled.ts'
import { partsText } from './compile/text.ts'
import type { EvaluationOptions } from './engine.ts'
import { RegoError } from './errors.ts'
import { type Policy, QUERY } from './policy.ts'
import type { Location } from './syntax/ast.ts'
import { RegoObject } from './values/value.ts'

export interface TestResult {
  /** `data.a.b` */
  readonly package: string
  readonly name: string
  readonly at: Location
  readonly outcome: 'passed' | 'failed' | 'skipped' | 'error'
  /** Of an `error`. */
  readonly error?: RegoError
  readonly milliseconds: number
  /** What it printed. */
  readonly output: readonly string[]
}

/** Runs the tests whose whole name a pattern matches, in the order of files and lines. */
export function* runTests(policy: Policy, options: EvaluationOptions, pattern?: RegExp): Generator<TestResult> {
  const seen = new Set<string>()
  for (const { rules } of policy.compiled.modules) {
    for (const rule of rules) {
      const test = testOf(rule)
      if (test === undefined || seen.has(test.path) || (pattern !== undefined && !pattern.test(test.path))) continue
      seen.add(test.path)
      yield runTest(policy, options, rule, test)
    }
  }
}

interface Test {
  readonly package: string
  readonly name: string
  readonly path: string
}

function testOf({ head, module, path }: CompiledRule): Test | undefined {
  const [first] = head.ref.parts
  if (first.kind !== 'var' || !/^(?:todo_)?test_/.test(first.name) || head.ref.parts.length > 1 || head.args !== undefined) return undefined
  return { package: partsText(module.package.path.parts), name: first.name, path: partsText(path.parts) }
}

function runTest(policy: Policy, options: EvaluationOptions, { at }: CompiledRule, test: Test): TestResult {
  const result = { package: test.package, name: test.name, at, milliseconds: 0, output: [] as string[] }
  if (test.name.startsWith('todo_')) return { ...result, outcome: 'skipped' }
  const prepared = policy.prepare(`x = ${test.path}`, { traced: options.visited !== undefined })
  const { clock } = options.surroundings
  const begun = clock()
  const print = (message: string) => void result.output.push(message)
  try {
    const [solution] = prepared.evaluate(QUERY, { ...options, surroundings: { ...options.surroundings, print } })
    const value = solution instanceof RegoObject ? solution.get('x') : undefined
    return { ...result, outcome: value === undefined || value === false ? 'failed' : 'passed', milliseconds: clock() - begun }
  } catch (error) {
    if (!(error instanceof RegoError)) throw error
    return { ...result, outcome: 'error', error, milliseconds: clock() - begun }
  }
}
