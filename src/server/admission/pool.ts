// Judging in threads, so that a policy that takes long keeps neither the socket nor other requests waiting. Policies are loaded by new
// threads, which take over when all of them are ready: what is under way ends where it began.
import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import { ThymusError } from '../../core/errors.ts'
import type { AdmissionJudge, Judgement, JudgementContext, Mutation } from '../../layers/admission/judgement.ts'
import type { AdmissionRequest } from '../../layers/admission/review.ts'
import type { Change } from './known-cluster.ts'
import type { Orders, Summary } from './orders.ts'
import { type Job, kindText, Thread } from './thread.ts'

export interface PoolOptions {
  readonly threads?: number
  /** What is known of the cluster now, with the kinds that policies want among it. Resolves when all is known. */
  readonly follow: (wanted: Summary['wanted']) => Promise<void>
  readonly snapshot: () => readonly Change[]
  /** Told what a person should know. */
  readonly note: (text: string) => void
}

/** One thread more than are busy with a slow policy must be there, and more than cores do not help. */
const THREADS = Math.min(8, Math.max(3, availableParallelism()))
/** A kind about which there was no judgement in time gets half of the threads at most, for so long: the others must go on. */
const SLOW_MS = 60_000
const MAX_SLOW = 1_000
/** What one thread is given at a time: a millisecond or two of work. */
const MOST_JOBS = 8
/** Threads that are given what takes no long: one core is for the socket. The others take over where it does. */
const QUICK = Math.max(1, availableParallelism() - 1)

export class JudgePool implements AdmissionJudge {
  readonly #options: PoolOptions
  #threads: readonly Thread[] = []
  /** Those that are not in force yet. */
  readonly #loading = new Set<Thread[]>()
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
    const all = [first]
    this.#loading.add(all)
    try {
      const summary = await first.loaded
      for (let count = 1; count < threads; count++) all.push(this.#begin(orders))
      await Promise.all([follow(summary.wanted), ...all.map(({ loaded }) => loaded)])
      if (!this.#loading.has(all)) throw new ThymusError('ADMISSION_LATE', 'it was stopped while it loaded')
      const changes = snapshot()
      for (const thread of all) thread.tell(changes)
      const before = this.#threads
      this.#threads = all
      this.#summary = summary
      for (const thread of before) thread.retire()
      this.#next()
      return summary
    } catch (error) {
      for (const thread of all) thread.stop()
      throw error
    } finally {
      this.#loading.delete(all)
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
    for (const thread of [...this.#threads, ...[...this.#loading].flat()]) thread.stop()
    this.#threads = []
    this.#loading.clear()
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
      if (thread === undefined) return
      const room = QUICK - this.#threads.filter(({ isQuick }) => isQuick).length
      const at = this.#queue.findIndex((job) => (this.#isLong(job, now) ? this.#mayBegin(job) : room > 0))
      if (at < 0) return
      const jobs = this.#queue.splice(at, 1)
      const isLong = this.#isLong(jobs[0]!, now)
      if (!isLong) jobs.push(...this.#more(Math.min(MOST_JOBS, Math.ceil(this.#queue.length / room)), now))
      thread.judge(jobs, isLong)
    }
  }

  /** Takes so many at most that may be judged one after the other. */
  #more(most: number, now: number): readonly Job[] {
    const taken = this.#queue.filter((job) => !this.#isLong(job, now)).slice(0, most)
    this.#queue = this.#queue.filter((job) => !taken.includes(job))
    return taken
  }

  /** An audit looks for fields, which takes long. */
  #isLong({ webhook, request }: Job, now: number): boolean {
    return webhook === 'audit' || (this.#slow.get(kindText(request)) ?? 0) > now
  }

  /** A job that takes long. */
  #mayBegin({ webhook, request }: Job): boolean {
    if (webhook === 'audit') return true
    const kind = kindText(request)
    const busy = this.#threads.filter((thread) => thread.hasKind(kind)).length
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
      again: (jobs) => this.#queue.unshift(...jobs),
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
          (error: Error) => {
            if (this.#threads.includes(anew)) note(error.message)
          },
        )
      },
    })
  }
}
