// What the judge costs the webhook: reviews a second over TLS, beside the same server with a judge that decides nothing.
import { type Alternation, alternate, ratioVerdict } from './kit/alternate.ts'
import { pod } from './kit/kubernetes-objects.ts'
import { type Benchmark, type Measure, unmeasured } from './kit/report.ts'
import { median, quantile } from './kit/statistics.ts'
import { NO_TEMPLATES, readPolicies, templateFolder } from './kit/templates.ts'
import { type Cost, KINDS, type Kind, Webhooks, whyNotApart } from './kit/webhook-pair.ts'

const SIZES = [2_048, 6_144]
const CONNECTIONS = 8
const ROUNDS = 30
/** What is asked, in turn. */
const LOADS = (['kept', 'broken'] as const).flatMap((pods) => SIZES.map((bytes) => ({ pods, bytes })))
/** A server is up for days, and is sent all kinds of Pods: V8 compiles anew what meets one that it has not seen, until it has seen them all. */
const WARM_ROUNDS = 6
const WARM = 4_000
/** How long one arm works at a time, about. */
const ARM_NS = 150_000_000
/** Whose rules the two are. */
const TWO = 'policies/admission/baseline'
/** At least 70 % of the rate is at most this much more time. */
const GOAL = 1 / 0.7 - 1

export const admissionWebhook: Benchmark = {
  name: 'admission-webhook',
  about: `what every template about Pods, and the article's two rules, add to the time of a review, over ${CONNECTIONS} TLS connections`,
  kernel: false,
  async run() {
    const folder = templateFolder()
    const why = folder === undefined ? NO_TEMPLATES : whyNotApart()
    if (why !== undefined) return [unmeasured('webhook', why)]
    const templates = `${readPolicies(folder!.path, pod(0)).length} templates of ${folder!.name}`
    const webhooks = await Webhooks.start()
    try {
      for (let round = 0; round < WARM_ROUNDS; round++) {
        for (const kind of KINDS) for (const about of LOADS) await webhooks.carry(kind, { connections: CONNECTIONS, ...about, count: WARM })
      }
      const measures: Measure[] = []
      for (const about of LOADS) measures.push(...(await measure(webhooks, about, templates)))
      return measures
    } finally {
      await webhooks.stop()
    }
  },
}

async function measure(webhooks: Webhooks, about: (typeof LOADS)[number], templates: string): Promise<readonly Measure[]> {
  const carried: Record<Kind, Cost[]> = { templates: [], two: [], nothing: [] }
  const arm = async (kind: Kind) => {
    const cost = await webhooks.carry(kind, { connections: CONNECTIONS, ...about, count: counts[kind] })
    carried[kind].push(cost)
    return cost.ns
  }
  const counts: Record<Kind, number> = { templates: WARM, two: WARM, nothing: WARM }
  for (const kind of KINDS) counts[kind] = Math.max(CONNECTIONS, Math.round(ARM_NS / (await arm(kind))))
  for (const costs of Object.values(carried)) costs.length = 0
  const beside = (kind: Kind) => alternate({ base: () => arm('nothing'), other: () => arm(kind) }, ROUNDS)
  const [all, two] = [await beside('templates'), await beside('two')]
  const what = `${about.bytes / 1024} KB, rules ${about.pods}`
  return [
    added(`${what}: added by all templates`, all, templates),
    added(`${what}: added by two rules`, two, TWO),
    served(`${what}: with all templates`, carried.templates),
    served(`${what}: with two rules`, carried.two),
    served(`${what}: with a judge that decides nothing`, carried.nothing),
  ]
}

function added(what: string, compared: Alternation, whose: string): Measure {
  const { ratio, same } = compared
  const percent = ({ low, high }: { low: number; high: number }) => ({ low: (low - 1) * 100, high: (high - 1) * 100 })
  const noise = percent(same.interval)
  return {
    ...{ what, value: (ratio.median - 1) * 100, unit: '%', interval: percent(ratio.interval), goal: GOAL * 100 },
    outcome: ratioVerdict(compared, GOAL),
    note: `${(100 / ratio.median).toFixed(0)} % of the rate; ${whose}; A/A [${noise.low.toFixed(1)}, ${noise.high.toFixed(1)}] %`,
  }
}

function served(what: string, costs: readonly Cost[]): Measure {
  const latencies = costs.flatMap((cost) => cost.latencies)
  const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)]
  const allowed = costs.reduce((sum, cost) => sum + cost.allowed, 0) / latencies.length
  const [cpu, busy] = [median(costs.map((cost) => cost.cpu)) / 1000, median(costs.map((cost) => cost.cpu / cost.ns))]
  return {
    what,
    value: 1e9 / median(costs.map(({ ns }) => ns)),
    unit: 'reviews/s',
    note: `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms; ${(allowed * 100).toFixed(0)} % allowed; ${cpu.toFixed(0)} µs of processor, at work ${(busy * 100).toFixed(0)} % of the time`,
  }
}
