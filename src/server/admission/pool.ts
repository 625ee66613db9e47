// Judging in threads, so that a policy that takes long keeps neither the socket nor other requests waiting. Policies are loaded by new
// threads, which take over when all of them are ready: what is under way ends where it began.
import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import { ThymusError } from '../../core/errors.ts'
import type { AdmissionJudge, Judgement, JudgementContext, Mutation } from '../../layers/admission/judgement.ts'
import type { AdmissionRequest } from '../../layers/admission/review.ts'
import type { Fault, FromThread, Orders, Summary, ToThread } from './judge-thread.ts'
import type { Change } from './known-cluster.ts'

export interface PoolOptions {
  readonly threads?: number
  /** What is known of the cluster now, with the kinds that policies want among it. Resolves when all is known. */
  readonly follow: (wanted: Summary['wanted']) => Promise<void>
  readonly snapshot: () => readonly Change[]
  /** Told what a person should know. */
  readonly note: (text: string) => void
}

interface Job {
  readonly webhook: 'validate' | 'mutate' | 'audit'
  readonly request: AdmissionRequest
  readonly context: JudgementContext
  readonly end: number
  readonly resolve: (judgement: Judgement | Mutation) => void
  readonly reject: (error: Error) => void
}

/** One thread more than are busy with a slow policy must be there, and more than cores do not help. */
const THREADS = Math.min(8, Math.max(3, availableParallelism()))
/** After its end: a judge stops by itself, and only one that cannot is ended. */
const GRACE_MS = 500
/** Of one thread; without it, one object could take the memory of all. */
const MAX_HEAP_MB = 1_024
/** A kind about which there was no judgement in time gets half of the threads at most, for so long: the others must go on. */
const SLOW_MS = 60_000
const MAX_SLOW = 1_000

export class JudgePool implements AdmissionJudge {
  readonly #options: PoolOptions
  #threads: readonly Thread[] = []
  #queue: Job[] = []
  /** Kinds of objects, until when they are slow. */
  readonly #slow = new Map<string, number>()
  #summary: Summary | undefined

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** How many judgements are made at a time. */
  get size(): number {
    return this.#threads.length
  }

  /** Of what is in force; undefined before the first. */
  get summary(): Summary | undefined {
    return this.#summary
  }

  /** All or nothing: rejects with the ThymusError of what is wrong, and what was in force before stays. */
  async load(orders: Orders): Promise<Summary> {
    const { threads = THREADS, follow, snapshot } = this.#options
    // One alone finds out whether they can be loaded.
    const first = this.#begin(orders)
    try {
      const summary = await first.loaded
      const others = Array.from({ length: threads - 1 }, () => this.#begin(orders))
      const all = [first, ...others]
      try {
        await Promise.all([follow(summary.wanted), ...others.map(({ loaded }) => loaded)])
      } catch (error) {
        for (const thread of others) thread.stop()
        throw error
      }
      const changes = snapshot()
      for (const thread of all) thread.tell(changes)
      const before = this.#threads
      this.#threads = all
      this.#summary = summary
      for (const thread of before) thread.retire()
      this.#next()
      return summary
    } catch (error) {
      first.stop()
      throw error
    }
  }

  /** Tells all threads; those that begin meanwhile hear of it by their snapshot. */
  tell(changes: readonly Change[]): void {
    for (const thread of this.#threads) thread.tell(changes)
  }

  validate(request: AdmissionRequest, context: JudgementContext): Promise<Judgement> {
    return this.#ask('validate', request, context)
  }

  mutate(request: AdmissionRequest, context: JudgementContext): Promise<Mutation> {
    return this.#ask('mutate', request, context) as Promise<Mutation>
  }

  audit(request: AdmissionRequest, context: JudgementContext): Promise<Judgement> {
    return this.#ask('audit', request, context)
  }

  stop(): void {
    for (const thread of this.#threads) thread.stop()
    this.#threads = []
  }

  #ask(webhook: Job['webhook'], request: AdmissionRequest, context: JudgementContext): Promise<Judgement | Mutation> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ webhook, request, context, end: performance.now() + context.milliseconds, resolve, reject })
      this.#next()
    })
  }

  #next(): void {
    const now = performance.now()
    for (const job of this.#queue) if (now >= job.end) job.reject(new ThymusError('ADMISSION_LATE', 'other requests took all of the time'))
    this.#queue = this.#queue.filter(({ end }) => now < end)
    for (;;) {
      const thread = this.#threads.find(({ isFree }) => isFree)
      const at = thread === undefined ? -1 : this.#queue.findIndex((job) => this.#mayBegin(job, now))
      if (thread === undefined || at < 0) return
      const [job] = this.#queue.splice(at, 1)
      thread.judge(job!)
    }
  }

  #mayBegin({ request }: Job, now: number): boolean {
    const kind = kindText(request)
    if ((this.#slow.get(kind) ?? 0) <= now) return true
    const busy = this.#threads.filter(({ asked }) => asked !== undefined && kindText(asked) === kind).length
    return busy < Math.max(1, Math.floor(this.#threads.length / 2))
  }

  #ended({ request }: Job, error: Error): void {
    if (!(error instanceof ThymusError) || !['REGO_LIMIT', 'CEL_LIMIT', 'ADMISSION_LATE'].includes(error.code)) return
    if (this.#slow.size >= MAX_SLOW) this.#slow.clear()
    this.#slow.set(kindText(request), performance.now() + SLOW_MS)
  }

  #begin(orders: Orders): Thread {
    const { note, snapshot } = this.#options
    return new Thread(orders, {
      free: () => this.#next(),
      failed: (job, error) => this.#ended(job, error),
      died: (thread, why) => {
        if (!this.#threads.includes(thread)) return
        note(`ADMISSION_LATE: a judging thread is begun anew: ${why}`)
        const anew = this.#begin(orders)
        this.#threads = this.#threads.map((each) => (each === thread ? anew : each))
        anew.loaded.then(
          () => {
            anew.tell(snapshot())
            this.#next()
          },
          (error: Error) => note(error.message),
        )
      },
    })
  }
}

interface Watchers {
  readonly free: () => void
  readonly failed: (job: Job, error: Error) => void
  readonly died: (thread: Thread, why: string) => void
}

class Thread {
  readonly loaded: Promise<Summary>
  readonly #worker: Worker
  readonly #watchers: Watchers
  #isReady = false
  #job: Job | undefined
  #timer: NodeJS.Timeout | undefined
  #isRetired = false
  #id = 0

  constructor(orders: Orders, watchers: Watchers) {
    this.#watchers = watchers
    this.#worker = new Worker(new URL('./judge-thread.ts', import.meta.url), {
      workerData: orders,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    })
    const { promise, resolve, reject } = Promise.withResolvers<Summary>()
    this.loaded = promise
    promise.catch(() => {})
    this.#worker.on('message', (message: FromThread) => {
      if ('loaded' in message) {
        this.#isReady = true
        resolve(message.loaded)
      } else if ('broken' in message) reject(errorOf(message.broken))
      else if (message.id === this.#id) this.#answered(message)
    })
    this.#worker.on('error', (error: NodeJS.ErrnoException) => {
      reject(error)
      this.#end(`${error.message}`)
    })
  }

  get isFree(): boolean {
    return this.#isReady && this.#job === undefined && !this.#isRetired
  }

  get asked(): AdmissionRequest | undefined {
    return this.#job?.request
  }

  judge(job: Job): void {
    this.#job = job
    this.#id++
    const { webhook, request, context } = job
    const milliseconds = Math.max(0, job.end - performance.now())
    this.#timer = setTimeout(() => this.#end('a judgement did not come to an end'), milliseconds + GRACE_MS)
    this.#post({ id: this.#id, webhook, request, context: { ...context, milliseconds } })
  }

  tell(changes: readonly Change[]): void {
    if (changes.length > 0) this.#post({ changes })
  }

  /** Ends what is under way, and then itself. */
  retire(): void {
    this.#isRetired = true
    if (this.#job === undefined) this.stop()
  }

  stop(): void {
    this.#isRetired = true
    clearTimeout(this.#timer)
    void this.#worker.terminate()
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message)
  }

  #answered(message: Extract<FromThread, { id: number }>): void {
    clearTimeout(this.#timer)
    const job = this.#job
    this.#job = undefined
    if (job === undefined) return
    if ('fault' in message) this.#fail(job, errorOf(message.fault))
    else job.resolve(message.judgement)
    if (this.#isRetired) this.stop()
    else this.#watchers.free()
  }

  #fail(job: Job, error: Error): void {
    this.#watchers.failed(job, error)
    job.reject(error)
  }

  #end(why: string): void {
    if (this.#job !== undefined) this.#fail(this.#job, new ThymusError('ADMISSION_LATE', 'there was no judgement in time or memory'))
    this.#job = undefined
    const wasRetired = this.#isRetired
    this.stop()
    if (!wasRetired) this.#watchers.died(this, why)
  }
}

const kindText = ({ kind }: AdmissionRequest) => `${kind.group}/${kind.kind}`

function errorOf({ code, message, at }: Fault): Error {
  // Its trace is for the operator, and whoever takes a ThymusError may tell it to the client.
  if (code === 'INTERNAL') return new Error(message)
  return new ThymusError(code, message, at === undefined ? {} : { at })
}
