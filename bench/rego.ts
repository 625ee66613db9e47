// The Rego engine beside OPA's Go API, in one run: the answers compared first, then timed in turn. Limits are on, as in use.
import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { EvaluationOptions, PreparedPolicy } from '../src/lang/rego/engine.ts'
import { compilePolicy, QUERY } from '../src/lang/rego/policy.ts'
import { printJson, readJson } from '../src/lang/rego/values/text.ts'
import { RegoObject, type Value } from '../src/lang/rego/values/value.ts'
import { estimate } from './kit/alternate.ts'
import { OpaPeer, type RegoSet } from './kit/opa-peer.ts'
import { aciSet, NOW, ruleSets, smallSets } from './kit/rego-sets.ts'
import { type Benchmark, type Measure, unmeasured } from './kit/report.ts'

const ROUNDS = 9
/** How long one arm works at a time. */
const ARM_NS = 60_000_000
const NO_CORPORA = 'the corpora are not here (THYMUS_CORPORA)'

export const regoSmall: Benchmark = {
  name: 'rego-small',
  about: 'nine small policies, one decision; OPA’s prepared query on parsed input beside',
  kernel: false,
  async run() {
    const sets = smallSets()
    if (sets === undefined) return [unmeasured('nine small policies', NO_CORPORA)]
    return beside(sets, (timed) => {
      const ours = geometricMean(timed.map(({ ours }) => ours))
      const ratio = geometricMean(timed.map(({ ratio }) => ratio))
      return [
        { what: 'geometric mean, a decision', value: ours / 1000, unit: 'µs', goal: 1 },
        { what: 'geometric mean, ours ÷ OPA', value: ratio, unit: '×', goal: 1 / 20, note: `${(1 / ratio).toFixed(0)} times as fast` },
      ]
    })
  },
}

export const regoAci: Benchmark = {
  name: 'rego-aci',
  about: 'the policy of confidential containers on Azure, mount_overlay; OPA beside',
  kernel: false,
  async run() {
    const set = aciSet()
    return set === undefined
      ? [unmeasured('mount_overlay', NO_CORPORA)]
      : beside(
          [set],
          () => [],
          () => 1 / 8,
        )
  },
}

const RULE_GOALS: Readonly<Record<string, number>> = { indexed: 1 / 10, prefix: 1 / 10, linear: 1 / 30, admission: 1 / 20 }

export const regoRules: Benchmark = {
  name: 'rego-rules',
  about: 'generated rule sets of 50 to 500 rules: indexed, by prefix, linear, admission; OPA beside',
  kernel: false,
  run: () =>
    beside(
      ruleSets([50, 100, 200, 500]),
      () => [],
      ({ name }) => RULE_GOALS[name.split(' ')[0]!]!,
    ),
}

export const regoCompile: Benchmark = {
  name: 'rego-compile',
  about: 'from the text of a policy to its first decision, in a warm process; OPA beside',
  kernel: false,
  async run() {
    const sets = ruleSets([500])
    const peer = OpaPeer.start(sets)
    const measures: Measure[] = []
    for (const set of sets) {
      const times: number[] = []
      const theirs: number[] = []
      for (let round = 0; round < ROUNDS + 3; round++) {
        const begun = performance.now()
        const { policy, options } = prepare(set)
        policy.evaluate(QUERY, options[0]!)
        if (round >= 3) times.push(performance.now() - begun)
        if (typeof peer !== 'string' && round >= 3) theirs.push((await peer.compile(set.name)) / 1e6)
      }
      const { median, interval } = estimate(times)
      const note = theirs.length === 0 ? String(peer) : `OPA ${estimate(theirs).median.toFixed(0)} ms`
      measures.push({ what: `${set.name} rules`, value: median, unit: 'ms', interval, goal: 100, note })
    }
    if (typeof peer !== 'string') peer.stop()
    return measures
  },
}

/** 10 MB of JSON. */
const RECORDS = 100_000

export const regoMemory: Benchmark = {
  name: 'rego-memory',
  about: `what ${RECORDS} records of data take in memory, with a policy that was asked once; OPA beside`,
  kernel: false,
  async run() {
    const set = recordSet()
    const peer = OpaPeer.start([set])
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const used = (): number => {
      collect()
      return process.memoryUsage().heapUsed
    }
    const text = JSON.stringify(set.data)
    const policy = compilePolicy(set.modules).prepare(`x = ${set.query}`)
    const before = used()
    const data = readJson(text)
    const surroundings = { now: NOW, clock: () => performance.now(), random: Math.random }
    policy.evaluate(QUERY, { input: readJson(JSON.stringify(set.inputs[0])), data, surroundings })
    const growth = used() - before
    const theirs = typeof peer === 'string' ? undefined : await peer.memory(set.name)
    if (typeof peer !== 'string') peer.stop()
    const held = (data as RegoObject).size // keeps the data until here
    return [
      {
        what: 'heap growth',
        value: growth / 2 ** 20,
        unit: 'MiB',
        note: `${(text.length / 2 ** 20).toFixed(1)} MiB of JSON, ${held} documents`,
      },
      theirs === undefined ? unmeasured('OPA', String(peer)) : { what: 'OPA, heap growth', value: theirs / 2 ** 20, unit: 'MiB' },
    ]
  },
}

function recordSet(): RegoSet {
  const record = (at: number) => ({ id: at, name: `record-${at}`, owner: `user-${at % 977}`, tags: ['a', `t${at % 13}`], size: at * 3 })
  const records = Object.fromEntries(Array.from({ length: RECORDS }, (_, at) => [`r${at}`, record(at)]))
  const modules = { 'records.rego': 'package recordpolicy\n\nallow if data.records[input.id].owner == input.user\n' }
  return {
    name: 'records',
    version: 'v1',
    modules,
    data: { records },
    query: 'data.recordpolicy.allow',
    inputs: [{ id: 'r7', user: 'user-7' }],
  }
}

interface Timed {
  readonly set: RegoSet
  /** ns for a decision, medians. */
  readonly ours: number
  readonly theirs: number
  /** ours ÷ theirs. */
  readonly ratio: number
}

async function beside(
  sets: readonly RegoSet[],
  summary: (timed: readonly Timed[]) => readonly Measure[],
  goal: (set: RegoSet) => number | undefined = () => undefined,
): Promise<readonly Measure[]> {
  const peer = OpaPeer.start(sets)
  if (typeof peer === 'string') return [unmeasured('OPA', peer)]
  try {
    const measures: Measure[] = []
    const timed: Timed[] = []
    for (const set of sets) {
      const { policy, options } = prepare(set)
      const difference = compare(
        await peer.results(set.name),
        options.map((each) => answer(policy, each)),
      )
      if (difference !== undefined) {
        measures.push(unmeasured(set.name, `the answers differ: ${difference}`))
        continue
      }
      const run = (evaluations: number): number => {
        const begun = performance.now()
        for (let n = 0; n < evaluations; n++) policy.evaluate(QUERY, options[n % options.length]!)
        return ((performance.now() - begun) * 1e6) / evaluations
      }
      const [many, few] = [count(run(2000)), count(await peer.time(set.name, 200))]
      const [ours, theirs, ratios]: [number[], number[], number[]] = [[], [], []]
      for (let round = 0; round < ROUNDS; round++) {
        const [a, x, y, b] = [run(many), await peer.time(set.name, few), await peer.time(set.name, few), run(many)]
        ours.push((a + b) / 2)
        theirs.push((x + y) / 2)
        ratios.push((a + b) / (x + y))
      }
      const [mine, ratio, other] = [estimate(ours), estimate(ratios), estimate(theirs)]
      timed.push({ set, ours: mine.median, theirs: other.median, ratio: ratio.median })
      const note = `${(mine.median / 1000).toFixed(2)} µs, OPA ${(other.median / 1000).toFixed(1)} µs: ${(1 / ratio.median).toFixed(0)} times as fast`
      const wanted = goal(set)
      measures.push({
        what: `${set.name}, ours ÷ OPA`,
        value: ratio.median,
        unit: '×',
        interval: ratio.interval,
        ...(wanted === undefined ? {} : { goal: wanted }),
        note,
      })
    }
    return [...measures, ...summary(timed)]
  } finally {
    peer.stop()
  }
}

const count = (ns: number) => Math.max(1, Math.round(ARM_NS / ns))
const geometricMean = (values: readonly number[]) => Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)

function prepare(set: RegoSet): { readonly policy: PreparedPolicy; readonly options: readonly EvaluationOptions[] } {
  const policy = compilePolicy(set.modules, { version: set.version }).prepare(`x = ${set.query}`)
  const data = readJson(JSON.stringify(set.data))
  const surroundings = { now: NOW, clock: () => performance.now(), random: Math.random }
  return { policy, options: set.inputs.map((input) => ({ input: readJson(JSON.stringify(input)), data, surroundings })) }
}

function answer(policy: PreparedPolicy, options: EvaluationOptions): Value | undefined {
  const [solution] = policy.evaluate(QUERY, options)
  return solution instanceof RegoObject ? solution.get('x') : undefined
}

/** What differs, undefined where nothing does. */
function compare(theirs: readonly unknown[], ours: readonly (Value | undefined)[]): string | undefined {
  const at = theirs.findIndex(
    (value, n) => canonical(JSON.stringify(value)) !== canonical(ours[n] === undefined ? '"undefined"' : printJson(ours[n])),
  )
  return at < 0
    ? undefined
    : `input ${at}: OPA ${JSON.stringify(theirs[at])}, ours ${ours[at] === undefined ? 'undefined' : printJson(ours[at])}`
}

const canonical = (text: string) => printJson(readJson(text))
