// What a rule's body demands of single values of the input or of its arguments: the rule has no effect where they have other ones.
import type { CompiledRule } from '../../compile/compiled.ts'
import { constantOf } from '../../compile/constant.ts'
import type { Call, Expr, Ref, Term } from '../../syntax/ast.ts'
import { RegoSet, type Value } from '../../values/value.ts'
import type { RuleTree } from './tree.ts'
import { documentName } from './variables.ts'

/**
 * A place that is the same for all rules of a group: a path into the input or into what the store alone has of `data`, an argument, or a
 * variable that they share, by its number.
 */
export interface Source {
  readonly from: 'input' | 'data' | 'argument' | 'variable'
  readonly at: number
  readonly path: readonly Value[]
}

export interface Condition {
  readonly source: Source
  /** Equal sources have equal keys. */
  readonly key: string
  readonly test: 'equal' | 'prefix' | 'defined'
  /** The source's value is one of these, or begins with the only one. */
  readonly values: readonly Value[]
  /** It stands behind something that can end an evaluation, so that OPA's index, which asks it first, can keep that from happening. */
  readonly late: boolean
}

/** The conditions of one body from an expression on, behind which it has `variables`. */
export function conditionsOf(tree: RuleTree, rule: CompiledRule, start: number, variables: readonly string[]): readonly Condition[] {
  return new Reader(tree, rule, start, variables).conditions
}

/** Builtins that cannot end an evaluation. */
const HARMLESS = new Set(['eq', 'neq', 'equal', 'lt', 'lte', 'gt', 'gte', 'internal.member_2'])

class Reader {
  readonly conditions: Condition[] = []
  readonly #tree: RuleTree
  readonly #sources = new Map<string, Source>()
  #late = false

  constructor(tree: RuleTree, rule: CompiledRule, start: number, variables: readonly string[]) {
    this.#tree = tree
    variables.forEach((name, at) => {
      this.#sources.set(name, { from: 'variable', at, path: [] })
    })
    rule.head.args?.forEach((arg, at) => {
      const source = { from: 'argument', at, path: [] } as const
      const value = constantOf(arg)
      if (arg.kind === 'var') this.#sources.set(arg.name, source)
      else if (value !== undefined) this.#add(source, 'equal', [value])
    })
    for (const expr of rule.body.slice(start)) this.#read(expr)
  }

  #read(expr: Expr): void {
    const { terms } = expr
    if (!expr.negated && expr.with.length === 0) {
      if (terms.kind === 'call') this.#call(operatorName(terms), terms.args)
      else if (terms.kind === 'ref') this.#defined(terms)
    }
    this.#late ||= !isHarmless(expr)
  }

  #call(name: string, args: readonly Term[]): void {
    const [a, b, c] = args as [Term, Term, Term | undefined]
    if (name === 'glob.match' && args.length === 3) this.#glob(a, c!)
    if (args.length !== 2) return
    if (name === 'eq') this.#equation(a, b)
    const source = this.#sourceOf(a)
    if (source === undefined) return
    const value = constantOf(b)
    if (name === 'internal.member_2' && value instanceof RegoSet) this.#add(source, 'equal', value.members())
    else if (name === 'internal.member_2' && Array.isArray(value)) this.#add(source, 'equal', value)
    else if (name === 'startswith' && typeof value === 'string') this.#add(source, 'prefix', [value])
  }

  /** What a glob matches begins as the glob does, up to its first special sign. */
  #glob(pattern: Term, matched: Term): void {
    const source = this.#sourceOf(matched)
    const [prefix] = pattern.kind === 'string' ? (/^[^*?\\[\]{}]+/.exec(pattern.value) ?? []) : []
    if (source !== undefined && prefix !== undefined) this.#add(source, 'prefix', [prefix])
  }

  #equation(a: Term, b: Term): void {
    for (const [x, y] of [
      [a, b],
      [b, a],
    ] as const) {
      const source = this.#sourceOf(x)
      if (source === undefined) continue
      const value = constantOf(y)
      if (value !== undefined) this.#add(source, 'equal', [value])
      else if (x.kind === 'ref') this.#add(source, 'defined', [])
      if (y.kind === 'var' && !this.#sources.has(y.name)) this.#sources.set(y.name, source)
    }
  }

  #defined(ref: Ref): void {
    const source = this.#sourceOf(ref)
    if (source !== undefined) this.#add(source, 'defined', [])
  }

  #sourceOf(term: Term): Source | undefined {
    if (term.kind === 'var') return this.#sources.get(term.name)
    if (term.kind !== 'ref') return undefined
    const path = constantPath(term)
    if (path.length === 0 || path.length < term.parts.length - 1) return undefined
    const [head] = term.parts
    const document = documentName(head)
    if (document === 'input') return { from: 'input', at: 0, path }
    if (document === 'data') return this.#tree.isStored(path) ? { from: 'data', at: 0, path } : undefined
    const source = head.kind === 'var' ? this.#sources.get(head.name) : undefined
    return source && { ...source, path: [...source.path, ...path] }
  }

  #add(source: Source, test: Condition['test'], values: readonly Value[]): void {
    this.conditions.push({ source, key: JSON.stringify(source), test, values, late: this.#late })
  }
}

function operatorName({ operator }: Call): string {
  return operator.parts.map((part) => ('name' in part ? part.name : 'value' in part ? part.value : '')).join('.')
}

/** The constant parts that a ref into the input begins with. */
export function constantPath(ref: Ref): readonly string[] {
  const path: string[] = []
  for (const part of ref.parts.slice(1)) {
    if (part.kind !== 'string') break
    path.push(part.value)
  }
  return path
}

/** Whether an expression cannot end an evaluation. */
export function isHarmless({ terms }: Expr): boolean {
  if (terms.kind === 'call') return HARMLESS.has(operatorName(terms)) && terms.args.every(isPlain)
  return 'value' in terms || ((terms.kind === 'ref' || terms.kind === 'var') && isPlain(terms))
}

/** Whether a term asks no rule. */
export function isPlain(term: Term): boolean {
  if (term.kind === 'var' || constantOf(term) !== undefined) return true
  return term.kind === 'ref' && documentName(term.parts[0]) !== 'data' && term.parts.slice(1).every(isPlain)
}
