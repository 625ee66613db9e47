// What a parsed template is made of: closures, and the state that they work on.
import type { Runtime } from '../../codegen/runtime.ts'
import { isArray, RegoObject } from '../../values/value.ts'
import { fail } from './lex.ts'
import { ARITY, type Datum, FUNCTIONS, isTrue, Own } from './values.ts'

export interface State {
  readonly runtime: Runtime
  readonly out: string[]
  variables: [name: string, value: Datum][]
  readonly templates: Map<string, readonly Node[]>
  depth: number
}

/** Answers whether a loop around it is left, or goes on. */
export type Node = (state: State, dot: Datum) => 'break' | 'continue' | undefined
export type Expression = (state: State, dot: Datum) => Datum
export interface Pipeline {
  readonly names: readonly string[]
  readonly declares: boolean
  readonly value: Expression
}

/** Templates within templates, and actions within actions. */
export const MAX_DEPTH = 1_000

export function run(nodes: readonly Node[], state: State, dot: Datum): 'break' | 'continue' | undefined {
  for (const node of nodes) {
    state.runtime.charge(1)
    const left = node(state, dot)
    if (left !== undefined) return left
  }
  return undefined
}

/** What is declared inside is gone outside. */
export function scoped<T>(state: State, work: () => T): T {
  const before = state.variables.length
  const value = work()
  state.variables.length = before
  return value
}

export function write(state: State, shown: string): undefined {
  state.runtime.spend(2 * shown.length)
  state.out.push(shown)
}

export const NONE = Symbol('no value piped in')
export const constant =
  (value: Datum): Expression =>
  () =>
    value

export function call(name: string, args: readonly Expression[], final: Datum | typeof NONE): Expression {
  const all = final === NONE ? args : [...args, constant(final)]
  const [least, most] = ARITY.get(name) ?? [0, Infinity]
  if (all.length < least || all.length > most) {
    return () => {
      throw fail(`wrong number of args for ${name}: got ${all.length}`)
    }
  }
  if (name === 'and' || name === 'or') {
    return (state, dot) => {
      let value: Datum
      for (const each of all) {
        value = each(state, dot)
        if (isTrue(value) === (name === 'or')) break
      }
      return value
    }
  }
  return (state, dot) =>
    FUNCTIONS.get(name)!(
      state.runtime,
      all.map((each) => each(state, dot)),
    )
}

export function evaluate({ names, declares, value: expression }: Pipeline, state: State, dot: Datum): Datum {
  const value = expression(state, dot)
  for (const name of names) {
    if (declares) state.variables.push([name, value])
    else state.variables.findLast(([each]) => each === name)![1] = value
  }
  return value
}

export function field(from: Datum, name: string): Datum {
  if (from === undefined) return undefined
  if (from === null) throw fail(`nil data; no entry for key ${JSON.stringify(name)}`)
  if (!(from instanceof RegoObject)) throw fail(`can't evaluate field ${name}`)
  return from.get(name)
}

export function loop(
  pipeline: Pipeline,
  nodes: readonly Node[],
  otherwise: readonly Node[],
  state: State,
  dot: Datum,
): undefined | 'break' | 'continue' {
  const value = pipeline.value(state, dot)
  const entries = entriesOf(value, state.runtime)
  if (entries.length === 0) return run(otherwise, state, dot)
  const { names, declares } = pipeline
  for (const [key, item] of entries) {
    const left = scoped(state, () => {
      const pairs: [string, Datum][] =
        names.length === 2
          ? [
              [names[0]!, key],
              [names[1]!, item],
            ]
          : names.map((name) => [name, item])
      for (const [name, given] of pairs) {
        if (declares) state.variables.push([name, given])
        else state.variables.findLast(([each]) => each === name)![1] = given
      }
      return run(nodes, state, item)
    })
    if (left === 'break') break
  }
  return undefined
}

function entriesOf(value: Datum, runtime: Runtime): readonly (readonly [Datum, Datum])[] {
  if (value === undefined || value === null) return []
  if (isArray(value)) return value.map((item, at) => [new Own(BigInt(at)), item])
  if (value instanceof RegoObject) return value.entries()
  if (!(value instanceof Own) || typeof value.value !== 'bigint') throw fail("range can't iterate over this")
  const count = Number(value.value)
  runtime.spend(64 * Math.max(0, count))
  return Array.from({ length: Math.max(0, count) }, (_, at) => [new Own(BigInt(at)), new Own(BigInt(at))])
}
