// Agent policies of Kata Containers with the requests that were recorded with them, and mutations of each request that OPA judges:
// of the recorded ones nearly all are allowed, which a policy that allows all would do too.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { gunzipSync } from 'node:zlib'
import type { PreparedPolicy } from '../../src/lang/rego/engine.ts'
import { compilePolicy, QUERY } from '../../src/lang/rego/policy.ts'
import { printJson, readJson } from '../../src/lang/rego/values/text.ts'
import { RegoObject, type Value } from '../../src/lang/rego/values/value.ts'
import { OpaServer, obtainOpa } from '../kit/opa.ts'
import { Random } from '../kit/random.ts'
import type { SuiteResult } from './suite.ts'

interface KataCase {
  readonly name: string
  readonly module: string
  /** Lines `["ep":NAME,JSON],`. */
  readonly inputs: string
  readonly outputs: readonly boolean[]
}

const MUTATIONS = 10
const SEED = 1

/** PATH is the folder with kata-agent-policies.json.gz. */
export async function kata(path: string): Promise<SuiteResult> {
  const text = gunzipSync(readFileSync(join(path, 'kata-agent-policies.json.gz'))).toString()
  const { cases } = JSON.parse(text) as { cases: readonly KataCase[] }
  const counts = { passed: 0, failed: 0, refused: 0, wrong: 0 }
  const found = obtainOpa()
  const opa = 'path' in found ? await OpaServer.start(found.path, 'v0') : undefined
  if ('why' in found) console.error(`the mutations are not judged: ${found.why}`)
  const random = new Random(SEED)
  let [recorded, mutated, denied] = [0, 0, 0]
  const count = (right: boolean, what: string) => {
    counts[right ? 'passed' : 'wrong']++
    if (!right) console.error(`wrong: ${what}`)
  }
  try {
    for (const { name, module, inputs, outputs } of cases) {
      const policy = compilePolicy({ 'policy.rego': module }, { version: 'v0' })
      const faults = await opa?.put('policy', module)
      if (faults !== undefined && faults.length > 0) throw new Error(`${name}: ${faults[0]!.message}`)
      const prepared = new Map<string, PreparedPolicy>()
      const ask = (endpoint: string, input: Value): Value | undefined => {
        if (!prepared.has(endpoint)) prepared.set(endpoint, policy.prepare(`x = data.agent_policy.${endpoint}`))
        const clock = { now: 0n, clock: () => performance.now(), random: Math.random }
        const [solution] = prepared.get(endpoint)!.evaluate(QUERY, { input, data: new RegoObject(), surroundings: clock })
        return solution instanceof RegoObject ? solution.get('x') : undefined
      }
      for (const [at, [endpoint, input]] of requests(inputs).entries()) {
        recorded++
        count(ask(endpoint, input) === outputs[at], `${name}: request ${at}, ${endpoint}`)
        if (opa === undefined) continue
        for (let n = 0; n < MUTATIONS; n++) {
          const changed = mutate(input, random)
          const theirs = await opa.ask(`agent_policy/${endpoint}`, printJson(changed))
          const ours = ask(endpoint, changed)
          mutated++
          if ('value' in theirs && theirs.value === false) denied++
          const same = 'value' in theirs && printJson(theirs.value ?? null) === printJson(ours ?? null)
          count(
            same,
            `${name}: mutation ${n} of request ${at}, ${endpoint}: ${String(ours)}, ${JSON.stringify(theirs)}: ${printJson(changed)}`,
          )
        }
      }
    }
  } finally {
    opa?.stop()
  }
  return { suite: 'kata', ...counts, recorded, mutated, denied, seed: SEED }
}

function requests(inputs: string): readonly (readonly [endpoint: string, input: Value])[] {
  return inputs
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const match = /^\["ep":"?(\w+)"?,(.*)\],?\s*$/.exec(line)
      if (match === null) throw new Error(`no request: ${line.slice(0, 80)}`)
      return [match[1]!, readJson(match[2]!)] as const
    })
}

/** The same document with one thing in it changed. */
function mutate(value: Value, random: Random): Value {
  const places: (readonly Value[])[] = []
  const collect = (item: Value, path: readonly Value[]): void => {
    places.push(path)
    if (item instanceof RegoObject) for (const [key, each] of item.entries()) collect(each, [...path, key])
    else if (Array.isArray(item)) for (const [at, each] of item.entries()) collect(each, [...path, at])
  }
  collect(value, [])
  const target = random.of(places)
  const change = (item: Value, path: readonly Value[]): Value | undefined => {
    const [step, ...rest] = path
    if (step === undefined) return changed(item, random)
    if (item instanceof RegoObject) {
      const entries = item.entries().map(([key, each]) => [key, key === step ? change(each, rest) : each] as const)
      return RegoObject.of(entries.filter((entry): entry is readonly [Value, Value] => entry[1] !== undefined))
    }
    if (!Array.isArray(item)) return item
    return item.map((each: Value, at) => (at === step ? change(each, rest) : each)).filter((each) => each !== undefined)
  }
  return change(value, target) ?? null
}

/** Undefined takes it away. */
function changed(item: Value, random: Random): Value | undefined {
  const chance = random.below(6)
  if (chance === 0) return undefined
  if (chance === 1) return random.of<Value>([null, true, false, 0, 1, -1, '', 'x', [], new RegoObject()])
  if (typeof item === 'string')
    return random.of([`${item}x`, item.slice(1), item.toUpperCase(), `/${item}`, item.replace(/\d/, '7'), `${item}/..`])
  if (typeof item === 'number') return random.of([item + 1, -item, item * 2 + 1])
  if (typeof item === 'boolean') return !item
  if (Array.isArray(item)) return random.of<Value>([[...item, ...item.slice(0, 1)], item.toReversed(), item.slice(1), [...item, 'x']])
  return item instanceof RegoObject ? RegoObject.of([...item.entries(), ['added', 1]]) : item
}
