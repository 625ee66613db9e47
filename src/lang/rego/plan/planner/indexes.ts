// Indexes over the rules of a group: which tests, in which order, leave few rules over.
import { keyOf } from '../../values/key.ts'
import type { Value } from '../../values/value.ts'
import type { Index } from '../ir.ts'
import type { Condition, Source } from './conditions.ts'

/** Fewer rules are gone through faster than they are looked up. */
const FEW = 4

export interface Indexes {
  /** What the indexes ask. */
  readonly sources: readonly Source[]
  readonly indexes: readonly Index[]
  /** Rules that are in no index. */
  readonly rest: readonly number[]
}

/** The indexes of rules by their conditions. Rules that are in none are tried always. */
export function buildIndexes(conditions: readonly (readonly Condition[])[]): Indexes {
  const builder = new Builder(conditions)
  const indexes: Index[] = []
  let open = [...conditions.keys()]
  for (;;) {
    const best = builder.best(open)
    if (best === undefined) break
    indexes.push(builder.branch(best))
    const taken = new Set(best.rules)
    open = open.filter((rule) => !taken.has(rule))
  }
  return { sources: builder.sources, indexes, rest: open }
}

/** A test of one source, and the rules that have it as a condition. */
interface Candidate {
  readonly id: string
  readonly key: string
  readonly test: 'equal' | 'prefix'
  readonly rules: readonly number[]
  readonly cases: ReadonlyMap<unknown, Case>
}

interface Case {
  readonly value: Value
  readonly rules: number[]
}

class Builder {
  readonly sources: Source[] = []
  readonly #conditions: readonly (readonly Condition[])[]
  readonly #numbers = new Map<string, number>()

  constructor(conditions: readonly (readonly Condition[])[]) {
    this.#conditions = conditions
  }

  /** The test that saves most; undefined where none saves enough. `asked`: those above it, below which it must be one of every rule. */
  best(rules: readonly number[], asked: readonly string[] = []): Candidate | undefined {
    if (rules.length < FEW) return undefined
    let best: Candidate | undefined
    let most = FEW - 1
    for (const candidate of this.#candidates(rules)) {
      if (asked.includes(candidate.id) || (asked.length > 0 && candidate.rules.length < rules.length)) continue
      const saved = candidate.rules.length - average(candidate)
      if (saved > most) [best, most] = [candidate, saved]
    }
    return best
  }

  branch({ id, key, test, rules, cases }: Candidate, asked: readonly string[] = []): Index {
    const below = (part: readonly number[]): Index => {
      const next = this.best(part, [...asked, id])
      return next === undefined ? part : this.branch(next, [...asked, id])
    }
    const { source } = this.#conditions[rules[0]!]!.find((condition) => condition.key === key)!
    return {
      source: this.#number(key, source),
      test,
      cases: [...cases.values()].map((each) => [each.value, below(each.rules)] as const),
      other: test === 'prefix' ? rules : [],
    }
  }

  #candidates(rules: readonly number[]): Iterable<Candidate> {
    const found = new Map<string, Candidate & { readonly rules: number[]; readonly cases: Map<unknown, Case> }>()
    for (const rule of rules) {
      for (const { key, test, values } of this.#conditions[rule]!) {
        if (test === 'defined') continue
        const id = `${test} ${key}`
        const candidate = found.get(id) ?? { id, key, test, rules: [], cases: new Map<unknown, Case>() }
        found.set(id, candidate)
        // Of two conditions on one value the first is asked.
        if (candidate.rules.at(-1) === rule) continue
        candidate.rules.push(rule)
        for (const value of values) {
          const known = candidate.cases.get(keyOf(value))
          if (known === undefined) candidate.cases.set(keyOf(value), { value, rules: [rule] })
          else if (known.rules.at(-1) !== rule) known.rules.push(rule)
        }
      }
    }
    return found.values()
  }

  #number(key: string, source: Source): number {
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.sources.length)
    return this.sources.push(source) - 1
  }
}

/** Rules that are left over for a value that is one of the cases. */
function average({ cases }: Candidate): number {
  let total = 0
  for (const { rules } of cases.values()) total += rules.length
  return total / cases.size
}
