// The expressions of CEL that are asked about one request, on one budget, and the variables that they share: each is evaluated once, and those that
// parameters alone decide once for all requests.
import { ThymusError } from '../../core/errors.ts'
import { type Fields, isFields } from '../../formats/kubernetes/object.ts'
import { CelMap, type Expression, Fault, PER_CALL, type Value, type Work } from '../../lang/cel/cel.ts'
import { type VisibleRequest, visibleNamespace } from './cel-variables.ts'

export interface CelInput {
  /** Made once by who asks: all rules are asked about the same. */
  readonly request: VisibleRequest
  /** Null on DELETE. */
  readonly object: Fields | null
  /** Null on CREATE. */
  readonly oldObject: Fields | null
  readonly params?: Fields | null
  /** Null for what has no namespace. */
  readonly namespaceObject?: Fields | null
  /** What all expressions that are asked about a request may do; no limit but each one's own where left out. */
  readonly work?: Work
}

/** A variable. */
export interface Composed {
  readonly expression: Expression
  /** By the parameters, where these alone decide what it is. */
  readonly kept: WeakMap<Fields, Kept> | undefined
}

/** The variable that an expression is. @param before those that it may use */
export const composed = (expression: Expression, before: ReadonlyMap<string, Composed>): Composed => ({
  expression,
  kept: isOfParams(expression, before) ? new WeakMap() : undefined,
})

function isOfParams({ reads }: Expression, variables: ReadonlyMap<string, Composed>): boolean {
  return [...reads].every((read) => {
    const [root, field = ''] = read.split('.', 2)
    return root === 'params' || (root === 'variables' && variables.get(field)?.kept !== undefined)
  })
}

/** Thrown where the budget does not suffice. */
class OutOfBudget {}

/** Undefined where the budget does not suffice. */
export function withinBudget<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof OutOfBudget) return undefined
    throw error
  }
}

/**
 * What all expressions of a session may cost together. It is an object, and no function in a field of those who spend: all that such a
 * function sees would outlive V8's collections of what is young (14.6), which then took a quarter of the time.
 */
class Budget {
  left: number

  constructor(left: number) {
    this.left = left
  }

  /** Throws OutOfBudget. */
  spend(cost: number): void {
    this.left -= cost
    if (this.left < 0) throw new OutOfBudget()
  }
}

export interface Answer {
  readonly value?: Value
  readonly error?: string
  /** Without the variables that it asked for. */
  readonly cost: number
}

function answerOf(expression: Expression, bindings: Readonly<Record<string, unknown>>, work: Work | undefined): Answer {
  try {
    return expression.evaluate(bindings, work === undefined ? {} : { work })
  } catch (error) {
    if (!(error instanceof ThymusError)) throw error
    if (work !== undefined && work.left <= 0) throw error
    return { error: error.message, cost: error.code === 'CEL_LIMIT' ? PER_CALL : 0 }
  }
}

/** The expressions of one request: what they see, what they may still cost, and the variables that were asked for. */
export class Session {
  readonly #bindings: Record<string, unknown>
  readonly #variables: Variables
  readonly #work: Work | undefined
  readonly #budget: Budget

  constructor(variables: ReadonlyMap<string, Composed>, input: CelInput, budget: number, namespaceOf = visibleNamespace) {
    const { request, object, oldObject, params = null, namespaceObject: namespace, work } = input
    this.#budget = new Budget(budget)
    this.#work = work
    const namespaceObject = namespace == null ? null : namespaceOf(namespace)
    this.#bindings = { object, oldObject, params, namespaceObject, request, variables: undefined }
    this.#variables = new Variables(variables, this.#bindings, work, this.#budget)
    this.#bindings.variables = this.#variables
  }

  /** Of the budget. */
  get left(): number {
    return this.#budget.left
  }

  /** What so many more expressions may cost at most, and all variables anew. */
  most(expressions: number): number {
    return expressions * PER_CALL + this.#variables.most()
  }

  /** Throws OutOfBudget. */
  ask(expression: Expression): Answer {
    const answer = answerOf(expression, this.#bindings, this.#work)
    this.#budget.spend(answer.cost)
    return answer.error === undefined ? answer : { ...answer, error: `expression '${expression.text}' resulted in error: ${answer.error}` }
  }
}

/** What became of a variable that the parameters alone decide: the same, at the same cost, for every request. */
interface Kept {
  readonly answer: Answer
  /** The variables that it asked for, whose cost comes before its own. */
  readonly asked: readonly string[]
}

/** Composed variables: each is evaluated when it is first asked for, and kept, its error too. */
class Variables extends CelMap {
  readonly #expressions: ReadonlyMap<string, Composed>
  readonly #bindings: Readonly<Record<string, unknown>>
  readonly #budget: Budget
  readonly #work: Work | undefined
  readonly #known = new Map<string, Answer>()
  #cost = 0
  /** Asked for by the variable that is evaluated now, if it is one to keep. */
  #asked: string[] | undefined

  constructor(
    expressions: ReadonlyMap<string, Composed>,
    bindings: Readonly<Record<string, unknown>>,
    work: Work | undefined,
    budget: Budget,
  ) {
    super()
    this.#expressions = expressions
    this.#bindings = bindings
    this.#work = work
    this.#budget = budget
  }

  /** What they all may cost: those that have been asked for cost the same again. */
  most(): number {
    return this.#cost + (this.#expressions.size - this.#known.size) * PER_CALL
  }

  get size() {
    return this.#expressions.size
  }

  keys() {
    return this.#expressions.keys()
  }

  get(key: Value): Value | undefined {
    const composed = typeof key === 'string' ? this.#expressions.get(key) : undefined
    if (composed === undefined) return undefined
    const { value, error } = this.#answer(key as string, composed)
    if (error !== undefined) throw new Fault(error)
    return value
  }

  #answer(name: string, { expression, kept }: Composed): Answer {
    this.#asked?.push(name)
    let answer = this.#known.get(name)
    if (answer !== undefined) return answer
    const { params } = this.#bindings
    if (kept === undefined || !isFields(params)) answer = this.#evaluate(name, expression)
    else {
      const before = kept.get(params)
      answer = before === undefined ? this.#keep(name, expression, kept, params) : this.#repeat(before)
    }
    this.#known.set(name, answer)
    return answer
  }

  #evaluate(name: string, expression: Expression): Answer {
    const answer = this.#spend(answerOf(expression, this.#bindings, this.#work))
    return answer.error === undefined
      ? answer
      : { ...answer, error: `composited variable ${JSON.stringify(name)} fails to evaluate: ${answer.error}` }
  }

  #keep(name: string, expression: Expression, kept: WeakMap<Fields, Kept>, params: Fields): Answer {
    const around = this.#asked
    const asked: string[] = []
    this.#asked = asked
    const answer = this.#evaluate(name, expression)
    this.#asked = around
    kept.set(params, { answer, asked })
    return answer
  }

  /** Spends what it cost. */
  #repeat({ answer, asked }: Kept): Answer {
    const around = this.#asked
    this.#asked = undefined
    for (const name of asked) this.#answer(name, this.#expressions.get(name)!)
    this.#asked = around
    return this.#spend(answer)
  }

  #spend(answer: Answer): Answer {
    this.#cost += answer.cost
    this.#budget.spend(answer.cost)
    return answer
  }
}
