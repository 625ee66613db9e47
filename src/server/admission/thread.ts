// A judging thread as the pool sees it. It is given several questions in one message, for a message costs as much as a judgement, and begins
// each only if it may: what waits behind one that takes long is taken back, and judged elsewhere.
import { performance } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import { ThymusError } from '../../core/errors.ts'
import type { Judgement, JudgementContext, Mutation } from '../../layers/admission/judgement.ts'
import type { AdmissionRequest } from '../../layers/admission/review.ts'
import type { Fault, FromThread, ToThread } from './judge-thread.ts'
import type { Change } from './known-cluster.ts'
import type { Orders, Summary } from './orders.ts'

export interface Job {
  readonly webhook: 'validate' | 'mutate' | 'audit'
  readonly request: AdmissionRequest
  readonly context: JudgementContext
  readonly end: number
  readonly resolve: (judgement: Judgement | Mutation) => void
  readonly reject: (error: Error) => void
}

export interface Watchers {
  readonly free: () => void
  readonly failed: (job: Job, error: Error) => void
  /** Jobs that another thread should do. */
  readonly again: (jobs: readonly Job[]) => void
  readonly died: (thread: Thread, why: string) => void
}

/** After its end: a judge stops by itself, and only one that cannot is ended. */
const GRACE_MS = 500
/** Of one thread; without it, one object could take the memory of all. */
const MAX_HEAP_MB = 1_024
/** A judgement that takes so long, or up to twice as long, is one that nothing waits behind. */
const LONG_MS = 5
/** Nothing may begin any more. */
const CLOSED = -1

export class Thread {
  readonly loaded: Promise<Summary>
  readonly #notLoaded: (error: Error) => void
  readonly #worker: Worker
  readonly #watchers: Watchers
  /** How many of the jobs that it was given have begun. */
  readonly #begun = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  #isReady = false
  /** What it was given, in order, without what was taken back; undefined when it has answered. */
  #jobs: (Job | undefined)[] | undefined
  #isLong = false
  #timer: NodeJS.Timeout | undefined
  #isRetired = false
  #id = 0

  constructor(orders: Orders, watchers: Watchers) {
    this.#watchers = watchers
    this.#worker = new Worker(new URL('./judge-thread.ts', import.meta.url), {
      workerData: { orders, begun: this.#begun },
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    })
    const { promise, resolve, reject } = Promise.withResolvers<Summary>()
    this.loaded = promise
    this.#notLoaded = reject
    promise.catch(() => {})
    this.#worker.on('message', (message: FromThread) => {
      if ('loaded' in message) {
        this.#isReady = true
        resolve(message.loaded)
      } else if ('broken' in message) reject(errorOf(message.broken))
      else if (message.id === this.#id) this.#answered(message.answers)
    })
    this.#worker.on('error', (error: NodeJS.ErrnoException) => {
      reject(error)
      this.#end(`${error.message}`)
    })
  }

  get isFree(): boolean {
    return this.#isReady && this.#jobs === undefined && !this.#isRetired
  }

  /** Whether it is at work on what has not taken long yet. */
  get isQuick(): boolean {
    return this.#jobs !== undefined && !this.#isLong
  }

  hasKind(kind: string): boolean {
    return this.#jobs?.some((job) => job !== undefined && kindText(job.request) === kind) ?? false
  }

  /** @param isLong it is known to be so, and alone */
  judge(jobs: readonly Job[], isLong: boolean): void {
    this.#jobs = [...jobs]
    this.#isLong = isLong
    this.#id++
    Atomics.store(this.#begun, 0, 0)
    const now = performance.now()
    const questions = jobs.map(({ webhook, request, context, end }) => {
      return { webhook, request, context: { ...context, milliseconds: Math.max(0, end - now) } }
    })
    this.#post({ id: this.#id, questions })
    if (isLong) this.#limit(jobs[0]!)
    else this.#watch(0)
  }

  tell(changes: readonly Change[]): void {
    if (changes.length > 0) this.#post({ changes })
  }

  /** Ends what is under way, and then itself. */
  retire(): void {
    this.#isRetired = true
    if (this.#jobs === undefined) this.stop()
  }

  stop(): void {
    this.#isRetired = true
    clearTimeout(this.#timer)
    this.#notLoaded(new ThymusError('ADMISSION_LATE', 'it was stopped while it loaded'))
    void this.#worker.terminate()
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message)
  }

  /** @param before how many had begun when it was looked at last */
  #watch(before: number): void {
    this.#timer = setTimeout(() => {
      const begun = Atomics.load(this.#begun, 0)
      if (begun !== before) return this.#watch(begun)
      const running = this.#takeBack()
      this.#isLong = true
      if (running !== undefined) this.#limit(running)
      this.#watchers.free()
    }, LONG_MS)
  }

  /** All but the job that is under way, which is the answer, goes to others, also what has a judgement that was not told yet. */
  #takeBack(): Job | undefined {
    const begun = Atomics.exchange(this.#begun, 0, CLOSED)
    const jobs = this.#jobs ?? []
    const running = begun === CLOSED ? jobs.find((job) => job !== undefined) : jobs[begun - 1]
    const others = jobs.filter((job) => job !== undefined && job !== running) as Job[]
    this.#jobs = this.#jobs?.map((job) => (job === running ? job : undefined))
    if (others.length > 0) this.#watchers.again(others)
    return running
  }

  #limit({ end }: Job): void {
    const milliseconds = Math.max(0, end - performance.now())
    this.#timer = setTimeout(() => this.#end('a judgement did not come to an end'), milliseconds + GRACE_MS)
  }

  #answered(answers: Extract<FromThread, { id: number }>['answers']): void {
    clearTimeout(this.#timer)
    const jobs = this.#jobs
    this.#jobs = undefined
    for (const [at, answer] of answers.entries()) {
      const job = jobs?.[at]
      if (job === undefined) continue
      if ('fault' in answer) this.#fail(job, errorOf(answer.fault))
      else job.resolve(answer.judgement)
    }
    if (this.#isRetired) this.stop()
    else this.#watchers.free()
  }

  #fail(job: Job, error: Error): void {
    this.#watchers.failed(job, error)
    job.reject(error)
  }

  #end(why: string): void {
    const running = this.#takeBack()
    if (running !== undefined) this.#fail(running, new ThymusError('ADMISSION_LATE', 'there was no judgement in time or memory'))
    this.#jobs = undefined
    const wasRetired = this.#isRetired
    this.stop()
    if (!wasRetired) this.#watchers.died(this, why)
  }
}

export const kindText = ({ kind }: AdmissionRequest) => `${kind.group}/${kind.kind}`

function errorOf({ code, message, at }: Fault): Error {
  // Its trace is for the operator, and whoever takes a ThymusError may tell it to the client.
  if (code === 'INTERNAL') return new Error(message)
  return new ThymusError(code, message, at === undefined ? {} : { at })
}
