// Builtins called as a policy would, with operands and answers as Rego writes them.
import assert from 'node:assert/strict'
import { BUILTINS } from '../../src/lang/rego/builtins/table.ts'
import { DEFAULT_LIMITS, guarded, type Limits, Runtime } from '../../src/lang/rego/codegen/runtime.ts'
import { printTerm, readTerm } from '../../src/lang/rego/values/text.ts'

const surroundings = { now: 1_700_000_000_000_000_000n, clock: () => 0, random: () => 0.5 }

/** The answer as text; undefined where there is none. Throws where `strict`. */
export function call(name: string, terms: readonly string[], strict = false, limits: Limits = DEFAULT_LIMITS): string | undefined {
  const runtime = new Runtime(limits, surroundings, strict)
  const value = guarded(name, BUILTINS.get(name)!)(runtime, ...terms.map(readTerm))
  return value === undefined ? undefined : printTerm(value)
}

/** A builtin, its operands, and what it answers; undefined for an error. */
export type Case = readonly [name: string, operands: readonly string[], answer: string | undefined]

export function assertAnswers(cases: readonly Case[]): void {
  for (const [name, operands, answer] of cases) assert.equal(call(name, operands), answer, `${name}(${operands.join(', ')})`)
}
