// OPA's compliance cases (topdown/testdata) with the plans that OPA made of them, laid out as `ir-v1/FOLDER/FILE.json`.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { ThymusError } from '../../src/core/errors.ts'
import { preparePlan } from '../../src/lang/rego/engine.ts'
import { RegoError } from '../../src/lang/rego/errors.ts'
import { numberKey } from '../../src/lang/rego/values/decimal.ts'
import { compare } from '../../src/lang/rego/values/order.ts'
import { printJson, readJson, readTerm } from '../../src/lang/rego/values/text.ts'
import { isArray, isNumber, RegoObject, RegoSet, type Value } from '../../src/lang/rego/values/value.ts'
import type { SuiteResult } from './suite.ts'

type Outcome = 'passed' | 'failed' | 'refused' | 'wrong'

/** Judges the plans on our back end. Cases that need the front end (`v1/`, `v0/`) are counted in `notBuilt`. */
export async function rego(path: string): Promise<SuiteResult> {
  const counts = { passed: 0, failed: 0, refused: 0, wrong: 0 }
  for (const file of globSync(join(path, 'ir-v1/**/*.json')).sort()) {
    const text = readFileSync(file, 'utf8')
    // Plans as a host reads them; data, inputs and answers without loss.
    const plans = JSON.parse(text).cases as { plan: unknown }[]
    const cases = (readJson(text) as RegoObject).get('cases') as readonly RegoObject[]
    cases.forEach((item, at) => {
      const [outcome, why] = judge(item, plans[at]!.plan)
      counts[outcome]++
      if (outcome !== 'passed') console.error(`${outcome}: ${String(item.get('note'))}: ${why}`)
    })
  }
  return { suite: 'rego', ...counts, notBuilt: notBuilt(path) }
}

function judge(item: RegoObject, plan: unknown): [Outcome, string] {
  const wanted = item.get('want_plan_result') ?? item.get('want_result')
  const code = item.get('want_error_code')
  try {
    const prepared = preparePlan(plan)
    const term = item.get('input_term')
    const answer = prepared.evaluate(prepared.entrypoints[0]!, {
      input: typeof term === 'string' ? readTerm(term) : item.get('input'),
      data: item.get('data') ?? new RegoObject(),
      strict: item.get('strict_error') === true,
      surroundings: { now: BigInt(Date.now()) * 1_000_000n, clock: () => performance.now(), random: Math.random },
    })
    const shown = comparable(answer, item.get('sort_bindings') === true)
    if (!isArray(wanted)) return ['wrong', `an error is wanted (${String(code ?? item.get('want_error'))}), the answer is ${shown}`]
    const right = comparable(wanted, item.get('sort_bindings') === true)
    return shown === right ? ['passed', ''] : ['wrong', `${shown}, not ${right}`]
  } catch (error) {
    if (error instanceof ThymusError && error.code === 'REGO_BUILTIN') return ['refused', error.message]
    if (!(error instanceof RegoError)) return ['failed', error instanceof Error ? (error.stack ?? error.message) : String(error)]
    if (error.opaCode === code || (code === undefined && item.get('want_error') !== undefined)) return ['passed', '']
    return ['wrong', `${error.opaCode}: ${error.message}, not ${String(code)}`]
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

/** Cases in YAML, by the line with which each begins. */
function notBuilt(path: string): number {
  return ['v1', 'v0']
    .filter((part) => existsSync(join(path, part)))
    .flatMap((part) => globSync(join(path, part, '**/*.{yaml,yml}')))
    .reduce((total, file) => total + (readFileSync(file, 'utf8').match(/^ *(?:- )?note:/gm)?.length ?? 0), 0)
}
