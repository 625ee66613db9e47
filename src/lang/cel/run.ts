// One evaluation: what it may cost, what it has cost, and how it ends early.
import { fromHost, type Value } from './values.ts'

/** An error of the expression: `||`, `&&` and the macros may absorb it. No Error, for it needs no stack and is thrown often. */
export class Fault {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

/** Thrown past everything when the budget is spent. */
export class OverBudget {}

/** What one expression may cost (k8s.io/apiserver/pkg/apis/cel, `PerCallLimit`). */
export const PER_CALL = 1_000_000

/** Characters, elements and states gone through that Kubernetes' cost does not count; about a second of them. */
const MOST_WORK = 20_000_000
const STEPS_OF_A_MILLISECOND = MOST_WORK / 1_000

/** What an ordinary expression costs at most. */
const ORDINARY = 1_000

/** What all expressions that are asked about something may do together, which is for the time that is left to answer. */
export class Work {
  /** Steps, and units of Kubernetes' cost, of which none takes longer than a step, and most about half as long. */
  left: number

  constructor(milliseconds: number) {
    this.left = Math.max(0, milliseconds) * STEPS_OF_A_MILLISECOND
  }

  /** Of the next expression. An ordinary one is answered when nothing is left too: what took all must not get past it. */
  get mostCost(): number {
    return Math.min(Math.max(this.left, ORDINARY), PER_CALL)
  }
}

const STEPS_OF_A_KEY = 32

export class Run {
  /** In Kubernetes' units. */
  cost = 0
  readonly #budget: number
  readonly #bindings: Readonly<Record<string, unknown>>
  /** Steps taken. */
  work = 0
  readonly #mostWork: number

  constructor(budget: number, bindings: Readonly<Record<string, unknown>>, steps = MOST_WORK) {
    this.#budget = budget
    this.#bindings = bindings
    this.#mostWork = Math.min(steps, MOST_WORK)
  }

  charge(cost: number): void {
    this.cost += cost
    if (this.cost > this.#budget) throw new OverBudget()
  }

  /** Bounds the time of what is cheap by Kubernetes' count. */
  spend(steps: number): void {
    this.work += steps
    if (this.work > this.#mostWork) throw new OverBudget()
  }

  /** For going through the keys of a map, which takes far longer than going through a list. */
  spendKeys(count: number): void {
    this.spend(STEPS_OF_A_KEY * count)
  }

  variable(name: string): Value {
    this.charge(1)
    if (!Object.hasOwn(this.#bindings, name)) throw new Fault(`no such attribute: ${name}`)
    return fromHost(this.#bindings[name])
  }
}

/** The message of Kubernetes, which does not say of what. */
export const noOverload = () => new Fault('no such overload')
