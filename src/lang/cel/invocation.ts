// Calls: which overload the values have the types of, and what it costs.
import type { Node } from './compile.ts'
import { costOf } from './cost.ts'
import { untaken } from './library/go-names.ts'
import type { Overload } from './library/library.ts'
import type { Run } from './run.ts'
import type { Value } from './values.ts'

type Call = (run: Run, ...values: Value[]) => Value

/** Where cel-go knows the cost of an overload, not of a function. */
const BY_OVERLOAD = new Set(['_+_', '_<_', '_<=_', '_>_', '_>=_', '@in', 'string', 'bytes'])
const one = () => 1

/** Calls the first overload whose types the values have. */
export function invocation(name: string, overloads: readonly Overload[], args: readonly Node[]): Call {
  // cel-go counts by overload: where types leave more than one, the call is worth 1.
  const cost = (overloads.length > 1 && BY_OVERLOAD.has(name) ? undefined : costOf(name)) ?? one
  const [first] = overloads
  // An operator looks at its types itself, and indexing is free but for the step.
  if (first!.accepts.length === 0 && args.length > 0) {
    const { call } = first!
    // A list of constants is looked up like a set, which cel-go does not count.
    if (name === '@in' && args[1]!.type.kind === 'list' && args[1]!.constant !== undefined) return call
    return (run, left, right) => {
      run.charge(cost(left!, right!))
      return call(run, left!, right!)
    }
  }
  return (run, ...values) => {
    for (const { accepts, call } of overloads) {
      if (!accepts.every((accept, at) => accept(values[at]!))) continue
      run.charge(cost(values[0]!, values[1]!))
      return call(run, ...values)
    }
    throw untaken(name, ...values)
  }
}
