// The webhook: a request in, an answer out, without a socket. A review that can be read is always answered by a review, in time, and where
// there is no judgement by what the fail mode says.
import { ThymusError } from '../../core/errors.ts'
import type { AdmissionJudge, Judgement, JudgementContext, Mutation } from '../../layers/admission/judgement.ts'
import { type Review, readReview } from '../../layers/admission/review.ts'
import { type Answer, type Asked, header, json, plain } from '../exchange.ts'
import { type DecisionLog, logDecision } from './decision-log.ts'
import { readStrictJson } from './json.ts'
import type { Metrics } from './metrics.ts'
import { respond } from './response.ts'

/** What becomes of a request about which there is no judgement: as Kubernetes' `failurePolicy`, which rules where no answer arrives at all. */
export type FailMode = 'Fail' | 'Ignore'
export type WebhookName = 'validate' | 'mutate'

export interface WebhookOptions {
  readonly judge: AdmissionJudge
  readonly failMode: Readonly<Record<WebhookName, FailMode>>
  /** Refuse reviews with fields that are not known. */
  readonly strict?: boolean
  readonly log?: DecisionLog
  readonly metrics: Metrics
  /** Why it should not be asked; undefined where it should. */
  readonly notReady?: () => string | undefined
  /** Judgements that are waited for at a time; a judge that never ends must not gather all that is asked. */
  readonly maxPending?: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds that only grow. */
  readonly clock: () => number
  /** Takes what must not have been thrown. */
  readonly fault: (error: unknown) => void
}

/** Kubernetes' own default, and the most that it allows (seconds). */
const DEFAULT_TIMEOUT = 10
const MAX_TIMEOUT = 30
/** Of the time that the API server gives: the rest is for the way there and back. It rounds its own up to a whole second. */
const SHARE = 0.9
const MAX_PENDING = 1_024
const MAX_LABEL = 63

export class Webhook {
  readonly #options: WebhookOptions
  #pending = 0

  constructor(options: WebhookOptions) {
    this.#options = options
  }

  async answer(asked: Asked): Promise<Answer> {
    const [path, query = ''] = asked.target.split('?', 2) as [string, string?]
    try {
      switch (path) {
        case '/v1/admit':
          return await this.#review('validate', asked, query)
        case '/v1/mutate':
          return await this.#review('mutate', asked, query)
        case '/healthz':
          return read(asked, () => plain(200, 'ok\n'))
        case '/readyz':
          return read(asked, () => {
            const why = this.#options.notReady?.()
            return why === undefined ? plain(200, 'ok\n') : plain(503, `${why}\n`)
          })
        case '/metrics':
          return read(asked, () => ({ ...plain(200, this.#options.metrics.text()), headers: METRICS_TYPE }))
        default:
          return refusal(404, 'no such path')
      }
    } catch (error) {
      if (!(error instanceof ThymusError)) this.#options.fault(error)
      const { code, message, at } = known(error)
      const status = code === 'REVIEW' ? 400 : 500
      this.#options.metrics.refused(status)
      return refusal(status, message, code, at)
    }
  }

  async #review(webhook: WebhookName, asked: Asked, query: string): Promise<Answer> {
    const { metrics, strict = false, maxPending = MAX_PENDING, clock, now } = this.#options
    const began = clock()
    const wrong = wrongHead(asked)
    if (wrong !== undefined || this.#pending >= maxPending) {
      const answer = wrong ?? refusal(503, 'too many judgements are waited for')
      metrics.refused(answer.status)
      return answer
    }
    const milliseconds = readTimeout(query) * 1_000 * SHARE
    const review = readReview(readStrictJson(asked.body), { strict })
    const { request } = review
    const at = now()
    const { judgement, failure } = await this.#judge(webhook, review, { now: at, bytes: asked.body.length }, began + milliseconds)
    const answer = respond(review, judgement)
    const took = clock() - began
    const labels = { webhook, kind: request.kind.kind.slice(0, MAX_LABEL), operation: request.operation }
    metrics.answered({ ...labels, decision: judgement.allowed ? 'allow' : 'deny', dry_run: String(request.dryRun) }, took / 1_000)
    if (failure !== undefined) metrics.failed(webhook, failure.code)
    const mutated = judgement.allowed && 'object' in judgement && judgement.object !== undefined
    const failed = failure === undefined ? undefined : `${failure.code}: ${failure.message}`
    this.#log({ webhook, request, judgement, failure: failed, mutated, at, took })
    return answer
  }

  async #judge(
    webhook: WebhookName,
    { request }: Review,
    about: Omit<JudgementContext, 'milliseconds'>,
    deadline: number,
  ): Promise<{ readonly judgement: Judgement | Mutation; readonly failure?: ThymusError }> {
    const { judge, failMode, clock, fault } = this.#options
    const context = { ...about, milliseconds: Math.max(0, deadline - clock()) }
    this.#pending++
    const judged = (async () => judge[webhook](request, context))().finally(() => this.#pending--)
    try {
      const judgement = await within(judged, context.milliseconds)
      // A judge that does not wait cannot be interrupted: its answer may be late.
      if (judgement === LATE || clock() > deadline) throw new ThymusError('ADMISSION_LATE', 'there was no judgement in time')
      return { judgement }
    } catch (error) {
      if (!(error instanceof ThymusError)) fault(error)
      const failure = known(error)
      return { judgement: failed(failure, failMode[webhook]), failure }
    }
  }

  #log(decision: Parameters<typeof logDecision>[1]): void {
    const { log, metrics, fault } = this.#options
    if (log === undefined) return
    const lost = (error: unknown) => {
      metrics.unlogged()
      fault(error)
    }
    try {
      logDecision(log, decision, lost)
    } catch (error) {
      lost(error)
    }
  }
}

/** Of what has no error code only the fact is told: the rest is for the operator. */
function known(error: unknown): ThymusError {
  if (error instanceof ThymusError) return error
  // A document that could be read may still be too deep for what walks it.
  if (error instanceof RangeError) return new ThymusError('ADMISSION_LATE', 'out of stack or memory')
  return new ThymusError('INTERNAL', 'a fault in Thymus itself')
}

function failed({ code, message }: ThymusError, mode: FailMode): Judgement {
  const told = `no judgement: ${code}: ${message}`
  const allowed = mode === 'Ignore'
  return {
    ...{ allowed, warnings: allowed ? [`${told}; allowed, as the fail mode is Ignore`] : [], violations: [] },
    ...(allowed ? {} : { message: told, code: code === 'ADMISSION_LATE' ? 504 : 500 }),
    auditAnnotations: { failure: told },
  }
}

const LATE = Symbol('late')

async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T | typeof LATE> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), milliseconds)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
    // Where it fails too late, nobody waits for it any more.
    promise.catch(() => {})
  }
}

function wrongHead(asked: Asked): Answer | undefined {
  if (asked.method !== 'POST') return { ...refusal(405, 'a review is posted'), headers: { ...JSON_TYPE, Allow: 'POST' } }
  if (!/^application\/json *(;|$)/i.test(header(asked, 'content-type'))) return refusal(415, 'a review is application/json')
  return header(asked, 'content-encoding') === '' ? undefined : refusal(415, 'a review comes as it is, without a Content-Encoding')
}

function read(asked: Asked, answer: () => Answer): Answer {
  const reads = asked.method === 'GET' || asked.method === 'HEAD'
  return reads ? answer() : { ...refusal(405, 'this is read only'), headers: { ...JSON_TYPE, Allow: 'GET, HEAD' } }
}

/** Seconds, of Go's spelling of a duration: `10s`, `1m0s`, `1.5s`. @throws ThymusError REVIEW */
function readTimeout(query: string): number {
  const text = new URLSearchParams(query).get('timeout') ?? `${DEFAULT_TIMEOUT}s`
  const [, minutes = '0', seconds = '0', milliseconds = '0'] =
    /^(?=.)(?:(\d{1,9})m(?!s))?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,9})ms)?$/.exec(text) ?? []
  const sum = Number(minutes) * 60 + Number(seconds) + Number(milliseconds) / 1_000
  if (sum === 0) throw new ThymusError('REVIEW', 'no duration, as 10s', { at: 'timeout' })
  return Math.min(sum, MAX_TIMEOUT)
}

const JSON_TYPE = { 'Content-Type': 'application/json' }
const METRICS_TYPE = { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }

/** No review at all: the API server takes it for a failure, and goes by its `failurePolicy`. */
export function refusal(status: number, message: string, code: string = 'REVIEW', at?: string): Answer {
  return json(JSON.stringify({ code, message, ...(at === undefined ? {} : { at }) }), status)
}
