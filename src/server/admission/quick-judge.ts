// Most judgements take less than a message to a thread and back: they are made where requests are read. One that takes long is given up
// there and asked of the threads, so that neither it nor the loading of policies keeps the sockets waiting.
import { availableParallelism } from 'node:os'
import type { Sliced } from '../../core/slices.ts'
import type { AdmissionJudge, Judgement, JudgementContext, Mutation } from '../../layers/admission/judgement.ts'
import type { AdmissionRequest } from '../../layers/admission/review.ts'
import { inSlices } from '../in-slices.ts'
import type { Change, ToldCluster } from './known-cluster.ts'
import { loading, type Orders, type Ready, type Summary } from './orders.ts'
import type { JudgePool } from './pool.ts'

export interface QuickJudgeOptions {
  readonly others: JudgePool
  /** What is known of the cluster now. */
  readonly snapshot: () => readonly Change[]
  /** Milliseconds that only grow. */
  readonly clock: () => number
  /** Told what a person should know. */
  readonly note: (text: string) => void
  /** That threads may run on. */
  readonly cores?: number
}

/** After which one is given up. */
const ATTEMPT_MS = 5
/** Of one constraint; what attempts leave behind is of the heap that the sockets have too. */
const ATTEMPT = { memory: 16 << 20 }
/** Of a review. What looks at all of an object looks at no clock meanwhile: three megabytes took half a second, of which this is a fortieth. */
const MOST_BYTES = 64 << 10
/** What takes longer is better done by another core, where there is one. */
const QUICK_MS = 1
/** Of the time, for what takes longer all the same: nobody knows before, and code becomes quick by being run. */
const LONG_SHARE = 0.25
const MOST_CREDIT_MS = 50
/** Of loading, and of following the cluster, at a time. */
const SLICE_MS = 2

export class QuickJudge implements AdmissionJudge {
  readonly #options: QuickJudgeOptions
  /** Undefined where only the threads are asked. */
  #inForce: InForce | undefined
  readonly #longShare: number
  #credit = MOST_CREDIT_MS
  #creditedAt = 0

  constructor(options: QuickJudgeOptions) {
    const { cores = availableParallelism() } = options
    this.#options = options
    this.#longShare = cores > 1 ? LONG_SHARE : 1
  }

  /** Of what is in force; undefined before the first. */
  get summary(): Summary | undefined {
    return this.#options.others.summary
  }

  /** All or nothing: rejects with the ThymusError of what is wrong, and what was in force before stays. The threads change first, and then judge alone until it is read here too. */
  async load(orders: Orders): Promise<Summary> {
    const { others, snapshot, note } = this.#options
    const summary = await others.load(orders)
    const inForce = new InForce(orders, snapshot(), (error) => {
      if (this.#inForce === inForce) this.#inForce = undefined
      note(`judgements are made in threads alone: ${error.message}`)
    })
    this.#inForce?.stop()
    this.#inForce = inForce
    return summary
  }

  tell(changes: readonly Change[]): void {
    this.#options.others.tell(changes)
    this.#inForce?.tell(changes)
  }

  validate(request: AdmissionRequest, context: JudgementContext): Judgement | Promise<Judgement> {
    const began = this.#options.clock()
    const judgement = this.#attempt(request, context, began)
    if (judgement !== undefined) return judgement
    const milliseconds = Math.max(0, context.milliseconds - (this.#options.clock() - began))
    return this.#options.others.validate(request, { ...context, milliseconds })
  }

  /** Mutators do not look at the time either; where there are none, there is nothing to wait for. */
  mutate(request: AdmissionRequest, context: JudgementContext): Mutation | Promise<Mutation> {
    const ready = this.#inForce?.current
    return ready?.summary.mutators === 0 ? ready.judge.mutate(request) : this.#options.others.mutate(request, context)
  }

  stop(): void {
    this.#inForce?.stop()
    this.#inForce = undefined
    this.#options.others.stop()
  }

  #attempt(request: AdmissionRequest, context: JudgementContext, began: number): Judgement | undefined {
    const inForce = this.#inForce
    const ready = inForce?.current
    if (ready === undefined || (context.bytes ?? 0) > MOST_BYTES || isUntimed(ready.summary, request) || !this.#mayBegin(began))
      return undefined
    try {
      ready.cluster.begin()
      const judgement = ready.judge.validate(request, { ...context, milliseconds: Math.min(context.milliseconds, ATTEMPT_MS) })
      return inForce!.locates && judgement.violations.length > 0 ? undefined : judgement
    } catch {
      // Whatever it is: who may take longer comes to an end, or says why not.
      return undefined
    } finally {
      const took = this.#options.clock() - began
      if (took > QUICK_MS) this.#credit -= took
    }
  }

  #mayBegin(now: number): boolean {
    this.#credit = Math.min(MOST_CREDIT_MS, this.#credit + this.#longShare * (now - this.#creditedAt))
    this.#creditedAt = now
    return this.#credit > 0
  }
}

/** Pod Security asks about all pods of a Namespace, and what objects make is mutated: neither looks at the time that an attempt has. */
const isUntimed = ({ mutators, expanded }: Summary, { kind }: AdmissionRequest) =>
  kind.kind === 'Namespace' || (mutators > 0 && expanded > 0)

/** One configuration, read here, and the cluster as it is told. */
class InForce {
  readonly locates: boolean
  readonly #failed: (error: Error) => void
  /** What the cluster has not been told yet. */
  readonly #changes: Change[]
  #ready: Ready | undefined
  #isBehind = true
  #work: Sliced<void> | undefined

  constructor(orders: Orders, snapshot: readonly Change[], failed: (error: Error) => void) {
    this.locates = orders.locates
    this.#failed = failed
    this.#changes = [...snapshot]
    this.#go(this.#begin(orders))
  }

  /** Undefined while it knows less than the threads. */
  get current(): Ready | undefined {
    return this.#isBehind ? undefined : this.#ready
  }

  /** A few are known when this returns. */
  tell(changes: readonly Change[]): void {
    for (const change of changes) this.#changes.push(change)
    if (this.#isBehind || this.#ready === undefined) return
    this.#isBehind = true
    this.#go(this.#catchUp(this.#ready.cluster))
  }

  *#begin(orders: Orders): Sliced<void> {
    this.#ready = yield* loading({ ...orders, locates: false }, ATTEMPT)
    yield* this.#catchUp(this.#ready.cluster)
  }

  *#catchUp(cluster: ToldCluster): Sliced<void> {
    for (const change of this.#changes) {
      cluster.tell(change)
      yield
    }
    this.#changes.length = 0
    this.#isBehind = false
  }

  /** Nobody asks it any more: what is under way goes no further. */
  stop(): void {
    this.#work?.return()
  }

  #go(work: Sliced<void>): void {
    this.#work = work
    inSlices(work, SLICE_MS).catch(this.#failed)
  }
}
