// A thread that judges: it reads the policies once, is told of the cluster, and answers one question after the other.
import { performance } from 'node:perf_hooks'
import { parentPort, workerData } from 'node:worker_threads'
import { ThymusError } from '../../core/errors.ts'
import { finish } from '../../core/slices.ts'
import type { Judge } from '../../layers/admission/judge.ts'
import type { Judgement, JudgementContext, Mutation } from '../../layers/admission/judgement.ts'
import type { AdmissionRequest } from '../../layers/admission/review.ts'
import type { Change } from './known-cluster.ts'
import { loading, type Orders, type Summary } from './orders.ts'

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

function answer(judge: Judge, { webhook, request, context }: Question): Judgement | Mutation {
  if (webhook === 'mutate') return judge.mutate(request)
  return webhook === 'audit' ? judge.judge(request, 'audit.gatekeeper.sh', context.milliseconds) : judge.validate(request, context)
}

try {
  const { orders, begun } = workerData as { readonly orders: Orders; readonly begun: Int32Array }
  const { judge, cluster, summary } = finish(loading(orders))
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
