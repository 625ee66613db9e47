// OPA's compliance cases: YAML in `v1/` and `v0/`, and in `ir-v1/` with the plans that OPA made of them.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ThymusError } from '../../src/core/errors.ts'
import { type PreparedPolicy, preparePlan } from '../../src/lang/rego/engine.ts'
import { RegoError, RegoRejected } from '../../src/lang/rego/errors.ts'
import { compilePolicy } from '../../src/lang/rego/policy.ts'
import type { RegoVersion } from '../../src/lang/rego/syntax/ast.ts'
import { numberKey } from '../../src/lang/rego/values/decimal.ts'
import { compare } from '../../src/lang/rego/values/order.ts'
import { printJson, readJson, readTerm } from '../../src/lang/rego/values/text.ts'
import { isArray, isNumber, RegoObject, RegoSet, type Value } from '../../src/lang/rego/values/value.ts'
import { surroundings } from '../../src/server/surroundings.ts'
import { readCases } from './rego-cases.ts'
import type { SuiteResult } from './suite.ts'

type Outcome = 'passed' | 'failed' | 'refused' | 'wrong'

/** Judges the plans on our back end, and the cases of `v1/` and `v0/` on the whole engine. */
export async function rego(path: string): Promise<SuiteResult> {
  const counts = { passed: 0, failed: 0, refused: 0, wrong: 0, otherText: 0 }
  const parts: Record<string, Record<Outcome, number>> = {}
  const count = (part: string, item: RegoObject, [outcome, why]: Judgement) => {
    counts[outcome]++
    parts[part] ??= { passed: 0, failed: 0, refused: 0, wrong: 0 }
    parts[part][outcome]++
    if (why === OTHER_TEXT) counts.otherText++
    if (outcome !== 'passed') console.error(`${outcome}: ${part}: ${String(item.get('note'))}: ${why}`)
  }
  for (const file of globSync(join(path, 'ir-v1/**/*.json')).sort()) {
    const text = readFileSync(file, 'utf8')
    // Plans as a host reads them; data, inputs and answers without loss.
    const plans = JSON.parse(text).cases as { plan: unknown }[]
    const cases = (readJson(text) as RegoObject).get('cases') as readonly RegoObject[]
    cases.forEach((item, at) => {
      count(
        'ir-v1',
        item,
        judge(item, item.get('want_plan_result') ?? item.get('want_result'), () => preparePlan(plans[at]!.plan)),
      )
    })
  }
  for (const version of ['v1', 'v0'] as const) {
    for (const file of globSync(join(path, version, '**/*.{yaml,yml}')).sort()) {
      const [cases, alternatives] = [readCases(file, 'strings'), readCases(file, 'booleans')]
      cases.forEach((item, at) => {
        const first = judgeSource(item, version)
        count(version, item, first[0] === 'wrong' ? better(first, judgeSource(alternatives[at]!, version)) : first)
      })
    }
  }
  return { suite: 'rego', ...counts, parts }
}

type Judgement = readonly [outcome: Outcome, why: string]
const OTHER_TEXT = 'another text'
const better = (first: Judgement, second: Judgement): Judgement => (second[0] === 'passed' ? second : first)

function judgeSource(item: RegoObject, version: RegoVersion): Judgement {
  const modules = item.get('modules')
  const sources = isArray(modules) ? modules.map((text, at) => [`test-${at}.rego`, String(text)] as const) : []
  return judge(item, item.get('want_result'), () =>
    compilePolicy(Object.fromEntries(sources), { version }).prepare(String(item.get('query'))),
  )
}

function judge(item: RegoObject, wanted: Value | undefined, prepare: () => PreparedPolicy): Judgement {
  const code = item.get('want_error_code')
  const text = item.get('want_error')
  try {
    const prepared = prepare()
    const term = item.get('input_term')
    const answer = prepared.evaluate(prepared.entrypoints[0]!, {
      input: typeof term === 'string' ? readTerm(term) : item.get('input'),
      data: item.get('data') ?? new RegoObject(),
      strict: item.get('strict_error') === true,
      surroundings: surroundings(),
    })
    const shown = comparable(answer, item.get('sort_bindings') === true)
    if (!isArray(wanted)) return ['wrong', `an error is wanted (${String(code ?? text)}), the answer is ${shown}`]
    const right = comparable(wanted, item.get('sort_bindings') === true)
    return shown === right ? ['passed', ''] : ['wrong', `${shown}, not ${right}`]
  } catch (error) {
    if (error instanceof ThymusError && error.code === 'REGO_BUILTIN') return ['refused', error.message]
    const found = error instanceof RegoError ? error.opaCode : error instanceof RegoRejected ? error.diagnostics[0]!.code : undefined
    if (found === undefined) return ['failed', error instanceof Error ? (error.stack ?? error.message) : String(error)]
    const message = (error as Error).message
    if (found !== code && !(code === undefined && text !== undefined)) return ['wrong', `${found}: ${message}, not ${String(code)}`]
    return ['passed', typeof text === 'string' && !message.includes(text) ? OTHER_TEXT : '']
  }
}

/** The same text for the same answer: a set of bindings, sets as arrays, `__local` variables left out. */
function comparable(bindings: readonly Value[], sorted: boolean): string {
  const one = (binding: Value) =>
    RegoObject.of(
      (binding as RegoObject)
        .entries()
        .filter(([name]) => !String(name).startsWith('__local'))
        .map(([name, value]) => [name, canonical(value, sorted)]),
    )
  return printJson(RegoSet.of(bindings.map(one)))
}

/** As JSON gives it back, with equal numbers written one way. */
function canonical(value: Value, sorted: boolean): Value {
  const plain = (item: Value): Value => {
    if (isNumber(item)) return numberKey(item)
    if (isArray(item)) return item.map(plain)
    return item instanceof RegoObject ? RegoObject.of(item.entries().map(([key, each]) => [key, plain(each)])) : item
  }
  const read = plain(readJson(printJson(value)))
  return sorted && isArray(read) ? read.toSorted(compare) : read
}
