// A thread that judges: it reads the policies once, is told of the cluster, and answers one question after the other.
import { performance } from 'node:perf_hooks'
import { parentPort, workerData } from 'node:worker_threads'
import { ThymusError, within } from '../../core/errors.ts'
import { apiVersionOf, kindOf, namespaceOf } from '../../formats/kubernetes/object.ts'
import { Judge } from '../../layers/admission/judge.ts'
import type { Judgement, JudgementContext, Mutation } from '../../layers/admission/judgement.ts'
import { loadAdmission } from '../../layers/admission/loading.ts'
import { readObjects, type SourceFile } from '../../layers/admission/manifests/document.ts'
import { NO_CONFIGURATION, readConfiguration } from '../../layers/admission/pod-security/configuration.ts'
import type { AdmissionRequest } from '../../layers/admission/review.ts'
import { surroundings } from '../surroundings.ts'
import { type Change, ToldCluster } from './known-cluster.ts'

/** What a thread begins with. */
export interface Orders {
  readonly sources: readonly SourceFile[]
  /** `off`, a configuration, or undefined: that of the policies, else what the labels of namespaces say. */
  readonly podSecurity: 'off' | SourceFile | undefined
  /** Without a cluster, what is no policy is all that is known of one. */
  readonly isAlone: boolean
  /** Fields of violations are looked for: somebody reads them. */
  readonly locates: boolean
}

export interface Question {
  readonly webhook: 'validate' | 'mutate' | 'audit'
  readonly request: AdmissionRequest
  readonly context: JudgementContext
}

export type ToThread = { readonly changes: readonly Change[] } | { readonly id: number; readonly questions: readonly Question[] }

export interface Fault {
  readonly code: ThymusError['code']
  readonly message: string
  readonly at: string | undefined
}

/** What was loaded. */
export interface Summary {
  readonly wanted: readonly { readonly apiVersion: string; readonly kind: string }[]
  readonly constraints: number
  readonly mutators: number
  readonly policies: number
  /** Objects that are no policies. */
  readonly others: number
}

export type FromThread =
  | { readonly loaded: Summary }
  | { readonly broken: Fault }
  /** To the first questions, in order. */
  | { readonly id: number; readonly answers: readonly ({ readonly judgement: Judgement | Mutation } | { readonly fault: Fault })[] }

const port = parentPort!
const clock = () => performance.now()
const send = (message: FromThread) => port.postMessage(message)

/** Faults of our own are told with their trace: they are for the operator alone. */
function faultOf(error: unknown): Fault {
  if (error instanceof ThymusError) return { code: error.code, message: error.message, at: error.at }
  if (error instanceof RangeError) return { code: 'ADMISSION_LATE', message: 'out of stack or memory', at: undefined }
  return { code: 'INTERNAL', message: error instanceof Error ? (error.stack ?? error.message) : String(error), at: undefined }
}

function load({ sources, podSecurity, isAlone, locates }: Orders): { judge: Judge; cluster: ToldCluster; summary: Summary } {
  const loaded = loadAdmission(
    sources.flatMap((source) => readObjects(source).objects),
    { surroundings },
  )
  const cluster = new ToldCluster(loaded, clock, isAlone)
  const { library, validating, wanted, others } = loaded
  if (isAlone) {
    for (const { object } of others) {
      const { kind, ...of } = kindOf(object)
      cluster.tell({ type: 'kind', apiVersion: apiVersionOf(of), kind, namespaced: namespaceOf(object) !== '' })
      cluster.tell({ type: 'put', object })
    }
  }
  const judge = new Judge({ ...loaded, podSecurity: securityOf(podSecurity, loaded.podSecurity), cluster, locates, clock })
  const count = { constraints: library.constraints.length, mutators: loaded.mutations.size, policies: validating.policies.length }
  return {
    judge,
    cluster,
    summary: { ...count, wanted: wanted.map((kind) => ({ apiVersion: apiVersionOf(kind), kind: kind.kind })), others: others.length },
  }
}

function securityOf(given: Orders['podSecurity'], found: ReturnType<typeof loadAdmission>['podSecurity']) {
  if (given === 'off') return undefined
  if (given === undefined) return found ?? NO_CONFIGURATION
  const [document, ...more] = readObjects(given).objects
  if (document === undefined || more.length > 0)
    throw new ThymusError('CONFIG', 'there must be one PodSecurityConfiguration', { at: given.file })
  return within(given.file, () => readConfiguration(document.object))
}

function answer(judge: Judge, { webhook, request, context }: Question): Judgement | Mutation {
  if (webhook === 'mutate') return judge.mutate(request)
  return webhook === 'audit' ? judge.judge(request, 'audit.gatekeeper.sh', context.milliseconds) : judge.validate(request, context)
}

try {
  const { orders, begun } = workerData as { readonly orders: Orders; readonly begun: Int32Array }
  const { judge, cluster, summary } = load(orders)
  port.on('message', (message: ToThread) => {
    if ('changes' in message) {
      for (const change of message.changes) cluster.tell(change)
      return
    }
    const came = clock()
    const answers: ({ readonly judgement: Judgement | Mutation } | { readonly fault: Fault })[] = []
    for (const [at, { context, ...question }] of message.questions.entries()) {
      // Else it was taken back.
      if (Atomics.compareExchange(begun, 0, at, at + 1) !== at) break
      try {
        cluster.begin()
        const milliseconds = Math.max(0, context.milliseconds - (clock() - came))
        answers.push({ judgement: answer(judge, { ...question, context: { ...context, milliseconds } }) })
      } catch (error) {
        answers.push({ fault: faultOf(error) })
      }
    }
    send({ id: message.id, answers })
  })
  send({ loaded: summary })
} catch (error) {
  send({ broken: faultOf(error) })
}
