// CEL as Kubernetes evaluates it: the environment of k8s.io/apiserver 0.36 at compatibility version 1.34 and later.
import { ThymusError } from '../../core/errors.ts'
import { compileTree } from './compile.ts'
import { FORMATS } from './library/formats.ts'
import { declare, type Library, type Overload } from './library/library.ts'
import { LISTS } from './library/lists.ts'
import { NET } from './library/net.ts'
import { OPERATORS } from './library/operators.ts'
import { OPTIONAL } from './library/optional.ts'
import { REGEX } from './library/regex.ts'
import { RESOURCES } from './library/resources.ts'
import { STANDARD } from './library/standard.ts'
import { STRINGS } from './library/strings.ts'
import { TIME } from './library/time.ts'
import { parse } from './parser.ts'
import { readsOf } from './reads.ts'
import { Fault, OverBudget, PER_CALL, Run, type Work } from './run.ts'
import { sameType, showType, type Type } from './types.ts'
import type { Value } from './values.ts'

export { trim } from './library/strings.ts'
export { isReserved } from './parser.ts'
export { Fault, PER_CALL, Work } from './run.ts'
export { BOOL, DYN, INT, listOf, mapOf, NULL, objectOf, STRING, TIMESTAMP, type Type } from './types.ts'
export { CelMap, type Value } from './values.ts'

export interface CompileOptions {
  /** Names that the expression may use; what is not declared is refused. */
  readonly variables: Readonly<Record<string, Type>>
  /** What it may come to; anything, where left out. A result of type `dyn` is no bool, as in Kubernetes. */
  readonly results?: readonly Type[]
}

export interface EvaluateOptions {
  /** In Kubernetes' cost units, 1,000,000 at most; less where a policy has less left. */
  readonly budget?: number
  /** What others have left of what may be done beside what is counted; afterwards it is what this has left. */
  readonly work?: Work
}

/** An expression that follows the grammar and whose types agree. */
export interface Expression {
  readonly text: string
  readonly type: Type
  /** The variables that it may ask for, of an object each field: `object.spec`, `variables.containers`, `params`. */
  readonly reads: ReadonlySet<string>
  /**
   * `bindings` are read when asked for: values of JSON, bigint, or values of CEL such as a `CelMap` that makes its own.
   * Throws CEL_EVAL for an error of the expression, CEL_LIMIT beyond the budget.
   */
  evaluate(bindings: Readonly<Record<string, unknown>>, options?: EvaluateOptions): Evaluation
}

export interface Evaluation {
  readonly value: Value
  readonly cost: number
}

const FUNCTIONS: ReadonlyMap<string, readonly Overload[]> = functions()

function functions(): Map<string, Overload[]> {
  const all = new Map<string, Overload[]>()
  const libraries: readonly Library[] = [STANDARD, TIME, STRINGS, REGEX, OPTIONAL, LISTS, NET, RESOURCES, FORMATS]
  const declared = libraries.flatMap((library) => Object.entries(library).map(([signature, call]) => declare(signature, call)))
  for (const overload of [...OPERATORS, ...declared]) {
    const known = all.get(overload.name)
    if (known === undefined) all.set(overload.name, [overload])
    else known.push(overload)
  }
  return all
}

/** Throws CEL_REJECTED, with line and column, for what does not parse, names what is not there, or does not fit by its types. */
export function compileCel(text: string, { variables, results }: CompileOptions): Expression {
  const environment = { variables: new Map(Object.entries(variables)), functions: FUNCTIONS }
  const tree = parse(text)
  const { type, evaluate } = compileTree(tree, text, environment)
  if (results !== undefined && !results.some((one) => sameType(one, type))) {
    const wanted = results.map(showType)
    const among = wanted.length === 1 ? wanted[0] : `one of [${wanted.join(' ')}]`
    throw new ThymusError('CEL_REJECTED', `must evaluate to ${among} but got ${showType(type)}`)
  }
  return {
    text,
    type,
    reads: readsOf(tree, (name) => environment.variables.has(name)),
    evaluate(bindings, { budget = PER_CALL, work } = {}) {
      const mostCost = Math.min(budget, work === undefined ? PER_CALL : work.mostCost)
      const run = new Run(mostCost, bindings, work?.left)
      try {
        return { value: evaluate(run), cost: run.cost }
      } catch (error) {
        throw ended(error)
      } finally {
        // What costs more than it may is not done.
        if (work !== undefined) work.left -= run.work + Math.min(run.cost, mostCost)
      }
    },
  }
}

function ended(error: unknown): unknown {
  if (error instanceof Fault) return new ThymusError('CEL_EVAL', error.message)
  if (error instanceof OverBudget) return new ThymusError('CEL_LIMIT', 'operation cancelled: actual cost limit exceeded')
  if (error instanceof RangeError) return new ThymusError('CEL_LIMIT', 'the values are nested too deep, or too large')
  return error
}
