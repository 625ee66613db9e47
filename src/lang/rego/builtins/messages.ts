import type { Builtin, Runtime } from '../codegen/runtime.ts'
import { RegoError } from '../errors.ts'
import { printTerm } from '../values/text.ts'
import { isArray, RegoSet, typeName, type Value } from '../values/value.ts'
import { array, text, weigh } from './operands.ts'

/** What a policy says, to its author or in a string. */
export const MESSAGES: Readonly<Record<string, Builtin>> = {
  trace: (_, a) => {
    text(a, 1)
    return true
  },
  'internal.print': (runtime, a) => {
    const print = runtime.surroundings.print
    if (print === undefined) return true
    weigh(runtime, a)
    each(runtime, array(a, 1), (parts) => print(parts.join(' ')))
    return true
  },
  'internal.template_string': (runtime, a) => {
    const found: string[] = []
    weigh(runtime, a)
    each(runtime, array(a, 1), (parts) => {
      found.push(parts.join(''))
      if (found.length > 1) {
        throw new RegoError('REGO_EVAL', 'eval_conflict_error', 'template-strings must not produce multiple outputs')
      }
    })
    return found[0]!
  },
  'internal.test_case': () => true,
}

/** Calls for each choice of one member of each set; an operand that is no set stands for itself, an empty one for what is undefined. */
function each(runtime: Runtime, operands: readonly Value[], use: (parts: readonly string[]) => void): void {
  const parts: string[] = []
  const from = (at: number): void => {
    runtime.charge(1)
    const operand = operands[at]
    if (operand === undefined) {
      runtime.charge(at)
      use(parts)
      return
    }
    if (isArray(operand) || typeName(operand) === 'object') {
      throw new RegoError('REGO_EVAL', 'eval_internal_error', `illegal argument type: ${typeName(operand)}`)
    }
    const members = !(operand instanceof RegoSet) ? [operand] : operand.size === 0 ? ['<undefined>'] : operand.members()
    for (const member of members) {
      parts[at] = typeof member === 'string' ? member : printTerm(member)
      from(at + 1)
    }
  }
  from(0)
}
