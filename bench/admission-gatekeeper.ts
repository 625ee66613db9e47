// Gatekeeper's templates, all asked about one Pod: our library, and OPA's Go API over the same modules with the same input, in one run.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { printJson, readJson } from '../src/lang/rego/values/text.ts'
import type { Value } from '../src/lang/rego/values/value.ts'
import type { Violation } from '../src/layers/admission/gatekeeper/library.ts'
import { questionOf } from '../src/layers/admission/gatekeeper/question.ts'
import type { EngineName } from '../src/layers/admission/gatekeeper/template.ts'
import { findGator } from '../test/kit/gator.ts'
import { type Alternation, alternate, type Outcome } from './kit/alternate.ts'
import { goDuration } from './kit/go-duration.ts'
import { pod } from './kit/kubernetes-objects.ts'
import { OpaPeer, type RegoSet } from './kit/opa-peer.ts'
import { scheduled } from './kit/processes.ts'
import { type Benchmark, type Measure, unmeasured } from './kit/report.ts'
import { median } from './kit/statistics.ts'
import { libraryOf, NO_TEMPLATES, type Policy, readPolicies, templateFolder } from './kit/templates.ts'

const ROUNDS = 121
/** How long one arm works at a time. */
const ARM_NS = 150_000_000
/** Ours ÷ OPA. */
const GOAL = 1 / 10
const GATOR_ITERATIONS = 300
const GATOR_MS = 60_000
const POINT = 'gator.gatekeeper.sh'
/** It breaks some of the policies, and keeps the others. */
const POD = pod(5)
const QUESTION = questionOf(POD, 'Original')

export const admissionGatekeeper: Benchmark = {
  name: 'admission-gatekeeper',
  about: 'every template whose sample is about Pods, asked about a Pod of three containers, summed; OPA’s Go API and gator bench beside',
  kernel: false,
  async run() {
    const folder = templateFolder()
    if (folder === undefined) return [unmeasured('templates', NO_TEMPLATES)]
    const policies = readPolicies(folder.path, POD)
    const rego = policies.filter(({ template }) => template.rego !== undefined)
    const cel = policies.filter(({ template }) => template.cel !== undefined)
    return [
      ...(await besideOpa(rego, folder.name)),
      await byGator(rego, 'rego'),
      ...engines(cel.filter((each) => rego.includes(each))),
      await byGator(cel, 'cel'),
    ]
  },
}

async function besideOpa(policies: readonly Policy[], from: string): Promise<readonly Measure[]> {
  const what = `${policies.length} templates in Rego, ours ÷ OPA`
  const sets = policies.map(setOf)
  const peer = OpaPeer.start(sets)
  if (typeof peer === 'string') return [unmeasured(what, peer)]
  try {
    const library = libraryOf(policies, ['Rego'])
    const found = library.review(QUESTION, POINT)
    for (const { constraint } of policies) {
      const [theirs] = await peer.results(constraint.kind)
      const ours = found.filter((each) => each.constraint.kind === constraint.kind)
      const difference = differ(theirs, ours)
      if (difference !== undefined) return [unmeasured(what, `the answers of ${constraint.kind} differ: ${difference}`)]
    }
    /** ns of processor time, of each arm. */
    const costs = { ours: [] as number[], theirs: [] as number[] }
    const run = (reviews: number): number => {
      const [begun, before] = [performance.now(), scheduled(process.pid).ran]
      for (let n = 0; n < reviews; n++) library.review(QUESTION, POINT)
      costs.ours.push((scheduled(process.pid).ran - before) / reviews)
      return ((performance.now() - begun) * 1e6) / reviews
    }
    const askAll = async (evaluations: number): Promise<number> => {
      const before = scheduled(peer.pid).ran
      let sum = 0
      for (const { name } of sets) sum += await peer.time(name, evaluations)
      costs.theirs.push((scheduled(peer.pid).ran - before) / evaluations)
      return sum
    }
    const [many, few] = [count(run(2_000)), count(await askAll(20))]
    const compared = await alternate({ base: () => askAll(few), other: () => run(many) }, ROUNDS)
    const { ratio, same, base } = compared
    const [cost, theirCost] = [median(costs.ours), median(costs.theirs)]
    return [
      {
        what,
        value: ratio.median,
        unit: '×',
        interval: ratio.interval,
        goal: GOAL,
        outcome: quotient(compared),
        note: `${(1 / ratio.median).toFixed(1)} times as fast; ${from}, ${found.length} violations, the same texts and details; A/A ${same.interval.low.toFixed(3)} to ${same.interval.high.toFixed(3)}`,
      },
      {
        what: 'the same, by processor time',
        value: cost / theirCost,
        unit: '×',
        note: `${(cost / 1000).toFixed(0)} µs, OPA ${(theirCost / 1000).toFixed(0)} µs, with what each collects of its memory meanwhile`,
      },
      {
        what: 'ours, a review by all of them',
        value: (base * ratio.median) / 1000,
        unit: 'µs',
        note: 'with matching, and the Pod made a value of Rego',
      },
      { what: 'OPA, their evaluations summed', value: base / 1000, unit: 'µs', note: 'prepared queries, on input that is parsed' },
    ]
  } finally {
    peer.stop()
  }
}

/** Whether `other` takes less than `GOAL` of the time of `base`, if equal arms differ by less than half of it. */
function quotient({ ratio, same }: Alternation): Outcome {
  const width = same.interval.high - same.interval.low
  if (width > GOAL / 2)
    return { is: 'unknown', why: `two equal arms differ by up to ${(width * 100).toFixed(1)} %, more than half the goal` }
  return { is: ratio.median < GOAL ? 'pass' : 'fail' }
}

const count = (ns: number) => Math.max(1, Math.round(ARM_NS / ns))

function setOf({ template, constraint }: Policy): RegoSet {
  const { rego, libs, version } = template.rego!
  const name = /^\s*package\s+(\S+)/m.exec(rego)![1]
  return {
    name: constraint.kind,
    version,
    modules: { 'template.rego': rego, ...Object.fromEntries(libs.map((text, at) => [`lib-${at}.rego`, text])) },
    data: { inventory: {} },
    query: `data.${name}.violation`,
    inputs: [{ review: QUESTION.review, parameters: constraint.parameters }],
  }
}

/** What differs between the members of OPA's set and what we say, undefined where nothing does. */
function differ(theirs: unknown, ours: readonly Violation[]): string | undefined {
  const members = theirs as readonly { readonly msg: string; readonly details?: unknown }[]
  const texts = (all: readonly Value[]) => [...new Set(all.map(printJson))].sort().join(' ')
  const one = texts(members.map(({ msg, details = {} }) => readJson(JSON.stringify([msg, details]))))
  const other = texts(ours.map(({ message, details }) => [message, details]))
  return one === other ? undefined : `OPA ${one}, ours ${other}`
}

/** Templates that have code for both, by either. */
function engines(policies: readonly Policy[]): readonly Measure[] {
  return (['Rego', 'K8sNativeValidation'] as const).map((engine: EngineName) => {
    const library = libraryOf(policies, [engine])
    const broken = new Set(library.review(QUESTION, POINT).map(({ constraint }) => constraint.kind))
    const times: number[] = []
    for (let n = 0; n < 4_000; n++) {
      const begun = performance.now()
      library.review(QUESTION, POINT)
      if (n >= 2_000) times.push(performance.now() - begun)
    }
    times.sort((a, b) => a - b)
    const name = engine === 'Rego' ? 'Rego' : 'CEL'
    const note = `broken: ${broken.size}`
    return {
      what: `ours, ${policies.length} templates that have both, in ${name}`,
      value: times[times.length >> 1]! * 1000,
      unit: 'µs',
      note,
    }
  })
}

/** What gator measures by itself: its own driver, with its own way from object to answer. */
async function byGator(policies: readonly Policy[], engine: 'rego' | 'cel'): Promise<Measure> {
  const what = `gator bench, ${policies.length} templates, ${engine}, median of a review`
  const gator = findGator()
  if ('why' in gator) return unmeasured(what, gator.why)
  const folder = mkdtempSync(join(tmpdir(), 'thymus-bench-'))
  try {
    const files = [POD, ...policies.flatMap(({ objects }) => objects)]
    for (const [at, object] of files.entries()) writeFileSync(join(folder, `${at}.yaml`), JSON.stringify(object))
    const args = ['bench', `--filename=${folder}`, `--engine=${engine}`, `--iterations=${GATOR_ITERATIONS}`, '--output=json']
    const running = promisify(execFile)(gator.path, args, { timeout: GATOR_MS })
    running.child.stdin!.end() // it reads what comes from there too
    const { stdout } = await running
    const [{ latencies, violationCount, totalReviews }] = JSON.parse(stdout) as [GatorBench]
    const found = libraryOf(policies, [engine === 'rego' ? 'Rego' : 'K8sNativeValidation']).review(QUESTION, POINT).length
    if (violationCount !== found * totalReviews)
      return unmeasured(what, `it finds ${violationCount / totalReviews} violations, we ${found}`)
    const note = `${found} violations; mean ${latencies.mean}, by its own clock, not in turn with ours`
    return { what, value: goDuration(latencies.p50) / 1000, unit: 'µs', note }
  } catch (error) {
    return unmeasured(what, String(error).split('\n')[0]!)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface GatorBench {
  readonly totalReviews: number
  readonly violationCount: number
  /** As Go writes durations. */
  readonly latencies: { readonly mean: string; readonly p50: string }
}
