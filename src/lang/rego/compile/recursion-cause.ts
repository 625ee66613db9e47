// Why a rule may be recursive: the first ref of the cycle that means its rule only by a variable's value.

import { signatureOf } from '../builtins/signatures.ts'
import type { Expr, Ref, Term } from '../syntax/ast.ts'
import { isConstant, isGround } from '../syntax/ground.ts'
import { equalTerms } from '../syntax/order.ts'
import { sidesOf } from './declared.ts'
import type { DraftRule } from './draft.ts'
import { type DynamicRef, type Graph, selects } from './graph.ts'
import { mapRef, renamed } from './map.ts'
import { membersOf } from './narrow.ts'
import { isEquality, startsAt } from './terms.ts'
import { partsText, refText, termText } from './text.ts'

type Written = ReadonlyMap<string, string>

/** What is told of each condition; of more than these, only the ref. */
const MAX_CONDITIONS = 2
const MAX_MEMBERS = 5

interface Condition {
  readonly term: Term
  readonly shown: Term
  readonly value: Term
}

export function causeOf(path: readonly DraftRule[], graph: Graph, written: Written): string {
  for (const [at, target] of path.entries()) {
    const source = path[at - 1]
    const edge = source && graph.dynamicRef(source, target)
    if (source === undefined || edge === undefined) continue
    const end = Math.min(edge.ref.parts.length, target.path.parts.length)
    const shown = edge.ref.parts.slice(0, end).map((part) => renamed(part, written))
    const where = at > 1 ? ` in ${ruleText(source, written)}` : ''
    const name = ruleText(target, written)
    const conditions = conditionsOf(edge, shown, target)
    const origins = conditions?.map(({ term }) => (term.kind === 'var' ? originOf(edge, term.name) : undefined))
    const start = ` (${partsText(shown)}${where}`
    if (!conditions?.length || conditions.length > MAX_CONDITIONS || conditions.some(({ value }, n) => cannotBe(origins![n], value))) {
      return `${start} could refer to ${name})`
    }
    const told = conditions.map((condition, n) => {
      const note = noteOf(condition, origins![n], source, written)
      return `${termText(condition.shown)} is ${termText(condition.value)}${note === undefined ? '' : ` (${note})`}`
    })
    return `${start} refers to ${name} if ${told.join(' and ')})`
  }
  return ''
}

/** What the ref's terms must be, each told once; undefined where one would have to be two things. */
function conditionsOf(edge: DynamicRef, shown: readonly Term[], target: DraftRule): readonly Condition[] | undefined {
  const needed: number[] = []
  selects(edge.selecting, target, edge.bound, needed)
  const conditions: Condition[] = []
  for (const at of needed) {
    const value = target.path.parts[at]!
    const same = conditions.find((condition) => equalTerms(condition.shown, shown[at]!))
    if (same === undefined) conditions.push({ term: edge.ref.parts[at]!, shown: shown[at]!, value })
    else if (!equalTerms(same.value, value)) return undefined
  }
  return conditions
}

type Origin =
  | { readonly from: 'input' | 'rule'; readonly ref: Ref }
  | { readonly from: 'collection'; readonly collection: Term }
  | { readonly from: 'builtin'; readonly name: string }
  | { readonly from: 'key' | 'argument' }

function noteOf({ term, shown }: Condition, origin: Origin | undefined, rule: DraftRule, written: Written): string | undefined {
  if (term.kind === 'ref') return startsAt(term, 'data') ? "rule values aren't known at compile time" : undefined
  const name = termText(shown)
  switch (origin?.from) {
    case 'input':
      return `${name} comes from ${refText(mapRef(origin.ref, (part) => renamed(part, written)))}`
    case 'rule':
      return `${name} comes from rule ${refText(origin.ref)}, whose value isn't known at compile time`
    case 'collection': {
      const members = membersOf(origin.collection)!
      return members.length > MAX_MEMBERS
        ? `${name} is one of ${members.length} values`
        : `${name} is one of ${termText(origin.collection)}`
    }
    case 'builtin':
      return `${name} is computed by ${origin.name}`
    case 'key':
      return `${name} is a key of ${ruleText(rule, written)}`
    case 'argument':
      return `${name} is an argument of ${ruleText(rule, written)}`
    default:
      return undefined
  }
}

/** Whether a variable of this origin can never have the value. */
function cannotBe(origin: Origin | undefined, value: Term): boolean {
  if (origin?.from === 'collection') return !membersOf(origin.collection)!.some((member) => equalTerms(member, value))
  if (origin?.from !== 'builtin') return false
  const result = signatureOf(origin.name)?.type.result?.type
  if (result === undefined) return false
  const kinds = result.kind === 'any' ? result.of.map(({ kind }) => kind) : [result.kind]
  return (
    kinds.length > 0 &&
    !kinds.includes(value.kind === 'boolean' || value.kind === 'null' || value.kind === 'number' ? value.kind : 'string')
  )
}

/** Where a variable of a ref has its value from. */
function originOf({ rule: { body, head }, line }: DynamicRef, name: string): Origin | undefined {
  const before = body.slice(0, line).filter((expr) => !expr.negated && expr.with.length === 0)
  const bindings = new Map<string, Term>()
  const outputs = new Map<string, string>()
  for (const expr of before) addBinding(expr, bindings, outputs)
  let at = name
  for (let steps = 0; steps <= body.length; steps++) {
    const builtin = outputs.get(at)
    if (builtin !== undefined) return { from: 'builtin', name: builtin }
    const term = bindings.get(at)
    if (term?.kind === 'var') {
      at = term.name
      continue
    }
    if (term?.kind === 'ref') {
      const origin = refOrigin(term, bindings)
      if (origin !== undefined) return origin
    }
    const isAt = (other: Term | undefined) => other?.kind === 'var' && other.name === at
    if (head.args?.some(isAt)) return { from: 'argument' }
    return head.ref.parts.slice(1).some(isAt) || isAt(head.key) ? { from: 'key' } : undefined
  }
  return undefined
}

function addBinding(expr: Expr, bindings: Map<string, Term>, outputs: Map<string, string>): void {
  const sides = isEquality(expr) ? sidesOf(expr) : undefined
  if (sides !== undefined) {
    for (const [side, other] of [sides, sides.toReversed()]) {
      if (side!.kind === 'var' && !bindings.has(side!.name)) bindings.set(side!.name, other!)
    }
  } else if (expr.terms.kind === 'call') {
    const name = refText(expr.terms.operator)
    const params = signatureOf(name)?.type.params.length
    const last = expr.terms.args.at(-1)
    if (last?.kind === 'var' && params !== undefined && expr.terms.args.length === params + 1) outputs.set(last.name, name)
  }
}

function refOrigin(ref: Ref, bindings: ReadonlyMap<string, Term>): Origin | undefined {
  const end = ref.parts.findIndex((part, at) => at > 0 && !isConstant(part))
  const [head, ...rest] = end < 0 ? ref.parts : ref.parts.slice(0, end)
  const prefix: Ref = { ...ref, parts: [head!, ...rest] }
  if (startsAt(ref, 'input')) return { from: 'input', ref: prefix }
  if (startsAt(ref, 'data')) return { from: 'rule', ref: prefix }
  if (ref.parts.length !== 2 || isConstant(ref.parts[1]!)) return undefined
  let collection: Term | undefined = ref.parts[0]
  for (let steps = 0; collection?.kind === 'var' && steps <= bindings.size; steps++) collection = bindings.get(collection.name)
  return collection !== undefined && membersOf(collection) !== undefined && isGround(collection) && isConstant(collection)
    ? { from: 'collection', collection }
    : undefined
}

/** A rule as its module names it. */
export const ruleText = (rule: DraftRule, written: ReadonlyMap<string, string>) =>
  partsText(rule.path.parts.map((part): Term => renamed(part, written)))
