// The IR as JavaScript. A block of the IR is a labelled block of JS: "undefined" is a break out of it. Functions stay small, because V8 does
// not optimise huge ones: the bodies of large rules become functions of their own.
// Nothing of the plan's text gets into the code: constants are looked up by number, and names stand nowhere.
import type { Func, FuncKind, Index, Policy } from '../plan/ir.ts'
import { callGraph } from './call-graph.ts'
import { ofDataAlone } from './data-alone.ts'
import { FunctionWriter } from './function.ts'
import type { Module } from './names.ts'
import { addsToOthers, ownCollections } from './own.ts'
import { SUPPORT } from './support.ts'
import { usageOf } from './usage.ts'

/** What the generated code wants to be given. */
export interface Generated {
  /**
   * A function body whose parameters are `K` (constants), `B` (builtins), `R` (runtime functions) and `X` (indexes); returns plans and
   * functions.
   */
  readonly code: string
  readonly indexes: readonly Index[]
  /** Some rules look for what they were in an earlier evaluation of the same data (`Runtime.known`). */
  readonly keeps: boolean
}

export function generate(policy: Policy, builtins: ReadonlyMap<string, number>): Generated {
  const module: Module = {
    policy,
    builtins,
    funcs: new Map(policy.funcs.map((func, at) => [func.name, at])),
    parts: [],
    constants: new Set(),
    calledBuiltins: new Set(),
    indexes: [],
    indexParts: [],
    marksOwn: addsToOthers(policy, (blocks, params) => ownCollections(blocks, usageOf(blocks), params)),
  }
  // What a plan of strangers may add to later is not what it was.
  const kept = module.marksOwn ? new Set<number>() : ofDataAlone(policy)
  const { slots, recursive } = callGraph(policy, kept)
  policy.funcs.forEach((func, at) => {
    const name = `f${at}`
    const wrapper = wrap(func, name, slots.get(at), { recursive: recursive.has(at), kept: kept.has(at) })
    new FunctionWriter(module, wrapper === '' ? name : `${name}_body`, func.kind, func.params).write(func.blocks)
    module.parts.push(wrapper)
  })
  policy.plans.forEach((plan, at) => {
    new FunctionWriter(module, `p${at}`, 'rule', [0, 1]).write(plan.blocks)
  })
  const all = (letter: string, count: number) => Array.from({ length: count }, (_, at) => `${letter}${at}`).join(', ')
  const head = [
    `'use strict'\nconst { ${[...Object.keys(SUPPORT), 'at', 'callPath'].join(', ')} } = R\n`,
    ...[...module.constants].sort((a, b) => a - b).map((at) => `const k${at} = K[${at}]\n`),
    ...[...module.calledBuiltins].sort((a, b) => a - b).map((at) => `const c${at} = B[${at}]\n`),
    ...module.indexParts,
  ]
  const ends = `return { plans: [${all('p', policy.plans.length)}], funcs: [${all('f', policy.funcs.length)}] }\n`
  return { code: `${head.join('')}${module.parts.join('')}${ends}`, indexes: module.indexes, keeps: kept.size > 0 }
}

interface Traits {
  readonly recursive: boolean
  /** Its value is kept from one evaluation to the next. */
  readonly kept: boolean
}

/** What stands before a function's body: a `with` may hide it, its value may be known, its depth and steps may count. */
function wrap({ kind, params, shadow }: Func, name: string, slot: number | undefined, { recursive, kept }: Traits): string {
  const list = ['rt', ...params.map((param) => `l${param}`)].join(', ')
  const lines: string[] = []
  if (shadow !== undefined) {
    const hidden = shadow.targets.map((target) => `rt.shadows.has(${target})`).join(' || ')
    const instead = shadow.place === undefined ? 'undefined' : `stored(l1, ${JSON.stringify(shadow.place.slice(1))})`
    lines.push(`if (rt.shadows !== undefined && (${hidden})) return ${instead}`)
  }
  const memory = slot === undefined ? undefined : kept ? keptFrom(kind, slot, params) : remembered(kind, slot, params.slice(2))
  if (memory !== undefined) {
    lines.push(...memory.find, `const known = ${memory.known}`, 'if (known !== undefined) return known === NONE ? undefined : known')
  }
  if (recursive) lines.push('rt.enter()')
  else if (kind === 'function') lines.push('if (--rt.fuel < 0) rt.refuel()')
  if (lines.length === 0) return ''
  lines.push(...(memory?.begin ?? []), `const value = ${name}_body(${list})`)
  if (recursive) lines.push('rt.depth--')
  if (memory !== undefined) lines.push(memory.keep('value === undefined ? NONE : value'))
  return `function ${name}(${list}) {\n${lines.map((line) => `  ${line}\n`).join('')}  return value\n}\n`
}

/** The code by which a function finds what it was before, and keeps what it is. */
interface Memory {
  readonly find: readonly string[]
  readonly known: string
  readonly begin?: readonly string[]
  keep(value: string): string
}

/** Beside what this evaluation remembers, what one before did. */
function keptFrom(kind: FuncKind, slot: number, [, data, arg]: readonly number[]): Memory {
  if (kind === 'rule') {
    const known = `rt.memo[${slot}] ?? rt.keptFor(l${data})?.values[${slot}]`
    return { find: [], known, begin: ['const bytes = rt.bytes'], keep: (value) => `rt.keep(l${data}, ${slot}, ${value}, bytes)` }
  }
  const call = `rt, l${data}, ${slot}, l${arg}`
  return { find: [], known: `knownCall(${call})`, keep: (value) => `keepCall(${call}, ${value})` }
}

function remembered(kind: FuncKind, slot: number, params: readonly number[]): Memory {
  const args = params.map((param) => `l${param}`)
  if (kind === 'rule') return { find: [], known: `rt.memo[${slot}]`, keep: (value) => `rt.memo[${slot}] = ${value}` }
  if (kind === 'keyed') {
    const key = `const key = keyOf(${args.length === 1 ? args[0] : `[${args.join(', ')}]`})`
    const find = [`const memo = rt.memo[${slot}] ??= new Map()`, key]
    return { find, known: 'memo.get(key)', keep: (value) => `memo.set(key, ${value})` }
  }
  const last = args.at(-1)!
  const find = [`const memo = memoOf(rt, ${slot}, ${args.toReversed().join(', ')})`]
  return { find, known: `memo?.get(${last})`, keep: (value) => `memo?.set(${last}, ${value})` }
}
