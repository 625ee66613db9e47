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
const MILLISECONDS = 1_000

/** What several evaluations may do together, so that many of them take no longer than one may. */
export class Work {
  left: number

  /** As much as may be done in so many milliseconds, a second at most. */
  constructor(milliseconds = MILLISECONDS) {
    this.left = Math.min(1, Math.max(0, milliseconds) / MILLISECONDS) * MOST_WORK
  }
}

const STEPS_OF_A_KEY = 32

export class Run {
  /** In Kubernetes' units. */
  cost = 0
  readonly #budget: number
  readonly #bindings: Readonly<Record<string, unknown>>
  readonly #work: Work

  constructor(budget: number, bindings: Readonly<Record<string, unknown>>, work = new Work()) {
    this.#budget = budget
    this.#bindings = bindings
    this.#work = work
  }

  charge(cost: number): void {
    this.cost += cost
    if (this.cost > this.#budget) throw new OverBudget()
  }

  /** Bounds the time of what is cheap by Kubernetes' count. */
  spend(steps: number): void {
    this.#work.left -= steps
    if (this.#work.left < 0) throw new OverBudget()
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
