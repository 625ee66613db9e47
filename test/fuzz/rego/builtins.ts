// Every builtin with operands of every kind.
import assert from 'node:assert/strict'
import { signatureOf } from '../../../src/lang/rego/builtins/signatures.ts'
import { BUILTINS } from '../../../src/lang/rego/builtins/table.ts'
import { guarded, type Limits, Runtime } from '../../../src/lang/rego/codegen/runtime.ts'
import { printJson } from '../../../src/lang/rego/values/text.ts'
import type { Value } from '../../../src/lang/rego/values/value.ts'
import type { Random } from '../../kit/random.ts'
import { mustBeValue, mutated, randomText, randomValue } from './values.ts'

/** Small ones, so that what is not counted is seen. */
export const LIMITS: Limits = { steps: 200_000, depth: 200, milliseconds: 2_000, memory: 16 * 2 ** 20 }

export const surroundings = () => ({ now: 1_700_000_000_000_000_000n, clock: () => performance.now(), random: () => 0.5, print: () => {} })

const NAMES = BUILTINS.names

export function builtinCase(random: Random): string {
  const name = random.of(NAMES)
  const types = signatureOf(name)?.type.params.map(({ type }) => type?.kind) ?? []
  const runtime = new Runtime(LIMITS, surroundings(), random.below(2) === 0)
  const operands = Array.from({ length: Math.max(types.length, 1) }, (_, at) => operand(random, types[at]))
  const value = guarded(name, BUILTINS.get(name)!)(runtime, ...operands)
  if (value === undefined) return 'undefined'
  mustBeValue(value)
  assert.equal(typeof printJson(value), 'string')
  return 'value'
}

/** Mostly of the type that is wanted, since all else is refused at once. */
function operand(random: Random, wanted: string | undefined): Value {
  if (random.below(8) === 0) return randomValue(random)
  if (wanted === 'string') return mutated(random, randomText(random))
  for (let tries = 0; tries < 20; tries++) {
    const value = randomValue(random)
    const kind =
      value === null
        ? 'null'
        : Array.isArray(value)
          ? 'array'
          : typeof value === 'object'
            ? value.constructor.name.slice(4).toLowerCase()
            : typeof value
    if (wanted === undefined || wanted === 'any' || kind === wanted || (wanted === 'number' && kind === 'umber')) return value
  }
  return randomValue(random)
}
