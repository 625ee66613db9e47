import { ThymusError } from '../../core/errors.ts'
import { BUILTINS } from './builtins/table.ts'
import { generate } from './codegen/generate.ts'
import { guarded, type Known, type Limits, limitsOf, Runtime, type Surroundings } from './codegen/runtime.ts'
import { SUPPORT } from './codegen/support.ts'
import { RegoError } from './errors.ts'
import type { Policy } from './plan/ir.ts'
import { loadPlan } from './plan/load.ts'
import type { Location } from './syntax/ast.ts'
import { payer } from './values/meter.ts'
import type { Value } from './values/value.ts'

export interface EvaluationOptions {
  readonly input?: Value | undefined
  /** It must not be changed any more: what follows from it alone is kept for the evaluations to come. */
  readonly data: Value
  readonly surroundings: Surroundings
  readonly limits?: Partial<Limits>
  /** Builtin errors end the evaluation instead of being undefined. */
  readonly strict?: boolean
  /**
   * Is told of every expression and rule that is reached, by a policy that was prepared to be traced. An error then has the place that
   * was reached last, if it knows no better one.
   */
  readonly visited?: (place: Location) => void
}

/** A policy ready to be asked, any number of times. */
export interface PreparedPolicy {
  readonly entrypoints: readonly string[]
  /** The result set: an object of bindings for each way in which the entrypoint holds. Throws RegoError. */
  evaluate(entrypoint: string, options: EvaluationOptions): readonly Value[]
  /** The generated JavaScript, to read. */
  readonly code: string
}

type Compiled = (runtime: Runtime, ...operands: (Value | undefined)[]) => Value | undefined

/**
 * Compiles a parsed plan.json. Throws ThymusError REGO_PLAN for a plan that is none, and REGO_BUILTIN, which names it, for a builtin that
 * is not there.
 */
export function preparePlan(document: unknown): PreparedPolicy {
  return preparePolicy(loadPlan(document))
}

/** As preparePlan, of a plan that is not JSON. */
export function preparePolicy(policy: Policy): PreparedPolicy {
  const names = [...new Set(policy.builtins)]
  for (const name of names) {
    if (!BUILTINS.has(name)) throw new ThymusError('REGO_BUILTIN', `there is no builtin function ${JSON.stringify(name)}`)
  }
  const { code, indexes, keeps } = withinStack(() => generate(policy, new Map(names.map((name, at) => [name, at]))))
  const constants: Value[] = [...policy.strings, ...policy.constants]
  const byPath = new Map<string, number>()
  policy.funcs.forEach(({ path }, at) => {
    if (path !== undefined) byPath.set(JSON.stringify(path), at)
  })
  const callPath = (path: readonly Value[], runtime: Runtime, args: (Value | undefined)[]) => {
    const at = path.every((part) => typeof part === 'string') ? byPath.get(JSON.stringify(path)) : undefined
    return at === undefined ? undefined : compiled.funcs[at]!(runtime, ...args)
  }
  const at = (file: number, row: number, col: number) => `${policy.files[file] ?? 'plan'}:${row}:${col}`
  const support = { ...SUPPORT, at, callPath }
  const builtins = names.map((name) => guarded(name, BUILTINS.get(name)!))
  const make = withinStack(() => new Function('K', 'B', 'R', 'X', code))
  const compiled = make(constants, builtins, support, indexes) as { plans: Compiled[]; funcs: Compiled[] }
  const entrypoints = policy.plans.map(({ name }) => name)
  const knowledge = new Knowledge()
  const plans = new Map(entrypoints.map((name, at) => [name, compiled.plans[at]!]))
  return {
    entrypoints,
    code,
    evaluate: (entrypoint, options) => {
      const plan = plans.get(entrypoint)
      if (plan === undefined) throw new ThymusError('REGO_PLAN', `no entrypoint ${JSON.stringify(entrypoint)}`)
      const runtime = new Runtime(limitsOf(options.limits), options.surroundings, options.strict ?? false)
      if (keeps) runtime.known = knowledge.of(options.data, runtime.strict)
      const { visited } = options
      let last: Location | undefined
      if (visited !== undefined) {
        runtime.visit = (mark) => {
          last = policy.marks![mark]!
          visited(last)
        }
      }
      const before = payer(runtime)
      try {
        plan(runtime, options.input, options.data)
      } catch (error) {
        // V8's own limit: a plan may nest calls wider than the depth that is counted.
        if (error instanceof RangeError) throw new RegoError('REGO_LIMIT', 'eval_cancel_error', 'out of stack or memory', { cause: error })
        throw error instanceof RegoError && error.at === undefined && last !== undefined ? placed(error, last) : error
      } finally {
        payer(before)
      }
      return runtime.results
    },
  }
}

/** Bytes of what rules are that are kept for one data document, about. */
const ROOM = 64 * 2 ** 20

/** What was found out of data documents, for as long as somebody has them. A strict evaluation may end where another goes on. */
class Knowledge {
  readonly #strict = new WeakMap<object, Known>()
  readonly #lenient = new WeakMap<object, Known>()

  of(data: Value, strict: boolean): Known | undefined {
    if (typeof data !== 'object' || data === null) return undefined
    const all = strict ? this.#strict : this.#lenient
    let known = all.get(data)
    if (known === undefined) {
      known = { data, values: [], room: ROOM }
      all.set(data, known)
    }
    return known
  }
}

function placed({ code, opaCode, message, cause }: RegoError, { file, row, col }: Location): RegoError {
  return new RegoError(code, opaCode, message, { at: `${file}:${row}:${col}`, cause })
}

/** Code that nests as deep as a plan may is more than the stack holds where little of it is left. */
function withinStack<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (error instanceof RangeError) throw new ThymusError('REGO_PLAN', 'the policy nests too deep', { cause: error })
    throw error
  }
}
