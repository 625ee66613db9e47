// Which functions call which: what may be asked more than once is remembered, and what may call itself is counted.
import type { Block, Policy } from '../plan/ir.ts'
import { blocksOf } from './usage.ts'

/** Input, data, and as many arguments as a function has by which it is remembered. */
const MAX_PARAMS = 4

export interface CallGraph {
  /** The slots in which functions keep what they were once, by the number of the function; those that take arguments, for scalars. */
  readonly slots: ReadonlyMap<number, number>
  /** Functions that may, by whatever way, call themselves. */
  readonly recursive: ReadonlySet<number>
}

interface Site {
  /** The number of the calling function; undefined for a plan. */
  readonly caller: number | undefined
  readonly inLoop: boolean
}

/** @param kept rules that are remembered in any case */
export function callGraph(policy: Policy, kept: ReadonlySet<number>): CallGraph {
  const sites = collectSites(policy)
  const slots = new Map<number, number>()
  const often = reached(policy, sites, true)
  const looped = reached(policy, sites, false)
  const loops = loopingOf(policy)
  policy.funcs.forEach(({ kind, params }, func) => {
    const again = kind === 'function' ? params.length <= MAX_PARAMS && loops.has(func) && looped(func) : often(func)
    if (again || kept.has(func)) slots.set(func, slots.size)
  })
  return { slots, recursive: recursiveOf(policy, sites) }
}

/** Whether a function may be called more than once: by a loop, or if `bySites` from more than one place. */
function reached(policy: Policy, sites: ReadonlyMap<number, readonly Site[]>, bySites: boolean): (func: number) => boolean {
  const known = new Map<number, boolean>()
  const often = (func: number): boolean => {
    const answer = known.get(func)
    if (answer !== undefined) return answer
    known.set(func, true)
    const callers = sites.get(func) ?? []
    // A rule is computed once, since it is remembered where it is asked more than once.
    const result =
      (bySites && callers.length > 1) ||
      callers.some(({ caller, inLoop }) => inLoop || (caller !== undefined && policy.funcs[caller]!.kind !== 'rule' && often(caller)))
    known.set(func, result)
    return result
  }
  return often
}

/** Functions that have a loop in them: others are computed as fast as their memory is asked. */
function loopingOf(policy: Policy): Set<number> {
  const loops = (block: Block): boolean => block.some((statement) => statement.type === 'ScanStmt' || blocksOf(statement).some(loops))
  return new Set([...policy.funcs.keys()].filter((func) => policy.funcs[func]!.blocks.some(loops)))
}

function collectSites(policy: Policy): Map<number, Site[]> {
  const byName = new Map(policy.funcs.map(({ name }, func) => [name, func]))
  const sites = new Map<number, Site[]>()
  const replacing = new Map<number, string[]>()
  const add = (name: string, site: Site) => {
    const func = byName.get(name)
    if (func === undefined) return
    const known = sites.get(func)
    if (known === undefined) sites.set(func, [site])
    else known.push(site)
  }
  const dynamic = policy.funcs.filter(({ path }) => path !== undefined).map(({ name }) => name)
  const walk = (block: Block, caller: number | undefined, inLoop: boolean): void => {
    for (const statement of block) {
      const site = { caller, inLoop }
      if (statement.type === 'CallStmt' || statement.type === 'InvokeStmt') add(statement.func, site)
      if (statement.type === 'InvokeStmt' && statement.otherwise !== undefined) add(statement.otherwise.func, site)
      // Whoever is named by a value, or in place of a function, may be called anywhere.
      if (statement.type === 'CallDynamicStmt') for (const name of dynamic) add(name, { caller, inLoop: true })
      if (statement.type === 'WorldStmt') {
        for (const mock of statement.mocks) {
          if (mock.by === 'value') continue
          add(mock.func, { caller, inLoop: true })
          replacing.set(mock.mock, [...(replacing.get(mock.mock) ?? []), mock.func])
        }
      }
      for (const inner of blocksOf(statement)) walk(inner, caller, inLoop || statement.type === 'ScanStmt')
    }
  }
  for (const { blocks } of policy.plans) for (const block of blocks) walk(block, undefined, false)
  policy.funcs.forEach(({ blocks }, caller) => {
    for (const block of blocks) walk(block, caller, false)
  })
  for (const [mock, names] of replacing) {
    const callers = byName.has(policy.mocks[mock]!) ? (sites.get(byName.get(policy.mocks[mock]!)!) ?? []) : []
    for (const name of names) for (const site of [...callers]) add(name, { ...site, inLoop: true })
  }
  return sites
}

/** Functions are peeled off whose callees, or whose callers, are all peeled off; a circle, and what lies between two, is left. */
function recursiveOf(policy: Policy, sites: ReadonlyMap<number, readonly Site[]>): Set<number> {
  const callers = new Map(
    [...policy.funcs.keys()].map((func) => [func, new Set((sites.get(func) ?? []).flatMap(({ caller }) => caller ?? []))]),
  )
  const callees = new Map([...policy.funcs.keys()].map((func) => [func, new Set<number>()]))
  for (const [func, from] of callers) for (const caller of from) callees.get(caller)!.add(func)
  const left = new Set(policy.funcs.keys())
  for (const [before, after] of [
    [callers, callees],
    [callees, callers],
  ] as const) {
    const free = [...left].filter((func) => before.get(func)!.size === 0)
    for (let func = free.pop(); func !== undefined; func = free.pop()) {
      left.delete(func)
      for (const next of after.get(func)!) {
        before.get(next)!.delete(func)
        if (before.get(next)!.size === 0 && left.has(next)) free.push(next)
      }
    }
  }
  return left
}
