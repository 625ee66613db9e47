// NetworkPolicy cases with whole truth matrices, as the generator of cyclonus makes them: steps with the world and the policies after each,
// and for each port who may reach whom. Judged are both gates and both together, one cell each.
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { Request } from '../../src/core/decision.ts'
import { ThymusError } from '../../src/core/errors.ts'
import type { Workload } from '../../src/core/workload.ts'
import { readPolicies } from '../../src/layers/network/read-policies.ts'
import type { Judge, Question } from './netpol-judges.ts'
import { summon } from './netpol-judges.ts'
import type { SuiteResult } from './suite.ts'

const matrix = z.array(z.string().regex(/^[.X]+$/))
const probe = z.object({
  port: z.int(),
  protocol: z.enum(['TCP', 'UDP', 'SCTP']),
  /** Row: source; character: destination, both in the order of the pods. `.` is allowed, `X` denied. */
  combined: matrix,
  ingress: matrix,
  egress: matrix,
})
const pod = z.object({ namespace: z.string(), name: z.string(), labels: z.record(z.string(), z.string()), ip: z.string() })
const step = z.object({
  world: z.object({ namespaces: z.record(z.string(), z.record(z.string(), z.string())), pods: z.array(pod).min(1) }),
  policies: z.array(z.unknown()),
  probes: z.array(probe).min(1),
})
const file = z.object({ cases: z.array(z.object({ id: z.int(), description: z.string(), steps: z.array(step).min(1) })) })
type Probe = z.output<typeof probe>
type Step = z.output<typeof step>

/** How often each judge was held against the truth, and what was left out. */
interface Count {
  cells: number
  wrongCells: number
  /** Cells of a pod to itself. Implementations differ, and cyclonus' truth applies the policy; to Thymus such traffic is free. Not judged. */
  self: number
}

/** Judges every case of a file of this shape. */
export async function netpol(path: string): Promise<SuiteResult> {
  using judges = summon()
  const result = await judgeFile(path, judges.all)
  return judges.without === undefined ? result : { ...result, without: judges.without }
}

/** The same by judges of one's own. */
export async function judgeFile(path: string, judges: readonly Judge[]): Promise<SuiteResult> {
  const { cases } = file.parse(JSON.parse(await readFile(path, 'utf8')))
  const count: Count = { cells: 0, wrongCells: 0, self: 0 }
  const outcomes = { passed: 0, failed: 0, refused: 0, wrong: 0 }
  for (const { id, description, steps } of cases) {
    const { outcome, why } = await judgeCase(steps, judges, count)
    outcomes[outcome]++
    if (outcome !== 'passed') console.error(`${outcome}: case ${id} (${description}): ${why}`)
  }
  return { suite: 'netpol', ...outcomes, cases: cases.length, ...count, judges: judges.map(({ name }) => name) }
}

async function judgeCase(
  steps: readonly Step[],
  judges: readonly Judge[],
  count: Count,
): Promise<{ readonly outcome: 'passed' | 'failed' | 'refused' | 'wrong'; readonly why: string }> {
  const differences: string[] = []
  try {
    const questions = steps.map((step) => toQuestion(step)) // all are read first: a case that needs a refused feature is refused whole
    for (const [at, question] of questions.entries()) {
      for (const judge of judges) {
        const found = await differencesOf(judge, question, steps[at]!, count)
        differences.push(...found.map((difference) => `step ${at + 1}, ${judge.name}: ${difference}`))
      }
    }
  } catch (error) {
    if (error instanceof ThymusError && error.code === 'POLICY_UNSUPPORTED')
      return { outcome: 'refused', why: error.message.split('\n')[0]! }
    return { outcome: 'failed', why: String(error) }
  }
  if (differences.length === 0) return { outcome: 'passed', why: '' }
  return { outcome: 'wrong', why: `${differences.length} cells, the first in ${differences[0]}` }
}

/** The world and all that is asked in it: for each port and each pair of pods, what `connect` says at the source and `accept` at the destination. */
function toQuestion({ world, policies, probes }: Step): Question {
  const read =
    policies.length === 0
      ? undefined
      : readPolicies(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: policies }), 'case', { mode: 'enforce' })
  const workloads = world.pods.map(
    ({ ip, ...pod }, at): Workload => ({
      ...pod,
      slot: at + 1,
      mode: 'enforce',
      anchor: { is: 'cgroup', path: `/${pod.namespace}/${pod.name}`, id: BigInt(at + 1), owned: true },
      addresses: [ip],
    }),
  )
  const end = ({ namespace, name, addresses }: Workload) => ({ workload: `${namespace}/${name}`, address: addresses[0]! })
  const requests = probes.flatMap(({ port, protocol }) =>
    pairs(workloads).flatMap(([from, to]): Request[] => [
      { gate: 'connect', subject: end(from).workload, peer: end(to), protocol, port },
      { gate: 'accept', subject: end(to).workload, peer: end(from), protocol, port },
    ]),
  )
  return { policies: read?.policies ?? [], namespaces: new Map(Object.entries(world.namespaces)), workloads, requests }
}

/** Every cell in which the judge and the truth differ. */
async function differencesOf(
  judge: Judge,
  question: Question,
  { world: { pods }, probes }: Step,
  count: Count,
): Promise<readonly string[]> {
  const answers = await judge.judge(question)
  if (answers.length !== question.requests.length)
    throw new Error(`${judge.name} gave ${answers.length} answers to ${question.requests.length} requests`)
  const differences: string[] = []
  let next = 0
  for (const probe of probes) {
    count.self += pods.length
    for (const [from, to] of pairs([...pods.keys()])) {
      const egress = answers[next++]!
      const ingress = answers[next++]!
      for (const [table, allowed] of Object.entries({ egress, ingress, combined: egress && ingress })) {
        count.cells++
        if (allowed === truth(probe, table as 'egress', pods.length, from, to)) continue
        count.wrongCells++
        differences.push(
          `${table} ${nameOf(pods[from]!)} to ${nameOf(pods[to]!)} ${probe.protocol}/${probe.port}: ${allowed ? 'allowed' : 'denied'}`,
        )
      }
    }
  }
  return differences
}

function truth(probe: Probe, table: 'egress' | 'ingress' | 'combined', size: number, from: number, to: number): boolean {
  const rows = probe[table]
  if (rows.length !== size || rows[from]!.length !== size) throw new Error(`the ${table} matrix is not ${size} by ${size}`)
  return rows[from]![to] === '.'
}

function pairs<Item>(items: readonly Item[]): readonly (readonly [from: Item, to: Item])[] {
  return items.flatMap((from) => items.filter((to) => to !== from).map((to) => [from, to] as const))
}

function nameOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`
}
