// Why a decision came out as it did. A rule is asked line by line, as a person would debug it: the first lines of its body, then one more,
// until nothing is left that holds. So an explanation is made of answers that the engine gives, not of a trace that might differ from them.
import { partsText } from './compile/text.ts'
import type { EvaluationOptions } from './engine.ts'
import { RegoError, RegoRejected } from './errors.ts'
import { type Policy, QUERY } from './policy.ts'
import type { Body, Expr, Location, Module, Rule, Term } from './syntax/ast.ts'
import { call, variable } from './syntax/terms.ts'
import { walk } from './syntax/walk.ts'
import { RegoObject, type Value } from './values/value.ts'

/** A document that rules make, and each rule's part in it. */
export interface Explanation {
  /** `data.a.b` */
  readonly document: string
  /** Undefined where it has none. */
  readonly value: Value | undefined
  /** An error that ended the evaluation instead. */
  readonly error?: string
  readonly rules: readonly RuleExplanation[]
}

export interface RuleExplanation {
  readonly at: Location
  /** The head as it is written. */
  readonly head: string
  /** `default` gives its value where no other rule has one; a function is not asked. */
  readonly outcome: 'holds' | 'fails' | 'default' | 'function'
  /** What it makes, one for each way in which it holds; at most ten. */
  readonly values: readonly Value[]
  /** What the body speaks of, where it holds. */
  readonly seen?: FailedLine['seen']
  /** Where it fails: the lines that cannot hold together with those before them. */
  readonly failed?: FailedLine
}

export interface FailedLine {
  readonly at: Location
  readonly text: string
  /** What the line speaks of: parts of input, and documents that rules make. */
  readonly seen: readonly { readonly name: string; readonly value: Value | undefined }[]
  /** The variables as the lines before them had them, in the first way in which those held. */
  readonly bound: readonly { readonly name: string; readonly value: Value }[]
  /** Documents that have no value or are false, or should have none, with their own explanation. */
  readonly because: readonly Explanation[]
}

const MAX_DEPTH = 5
const MAX_VALUES = 10

/** `path`: of a rule, `data.a.b`. An empty list of rules says that no rule makes that document. Throws RegoRejected for what is no path. */
export function explain(policy: Policy, path: string, options: EvaluationOptions): Explanation {
  return new Explainer(policy, options).document(path, 0)
}

class Explainer {
  readonly #policy: Policy
  readonly #options: EvaluationOptions

  constructor(policy: Policy, options: EvaluationOptions) {
    this.#policy = policy
    this.#options = options
  }

  document(path: string, depth: number): Explanation {
    const rules = this.#policy.modules.flatMap((module) =>
      module.rules.filter((rule) => pathOf(module, rule) === path).flatMap((rule) => this.#rules(module, rule, depth)),
    )
    const isFunction = rules.length > 0 && rules.every(({ outcome }) => outcome === 'function')
    try {
      return { document: path, value: isFunction ? undefined : this.#value(path), rules }
    } catch (error) {
      if (!(error instanceof RegoError)) throw error
      return { document: path, value: undefined, error: `${error.opaCode}: ${error.message}`, rules }
    }
  }

  /** A rule and what its `else` adds while nothing before it holds. */
  #rules(module: Module, rule: Rule, depth: number): RuleExplanation[] {
    const own = this.#rule(module, rule, depth)
    if (rule.else === undefined || own.outcome === 'holds') return [own]
    return [own, ...this.#rules(module, rule.else, depth)]
  }

  #rule(module: Module, rule: Rule, depth: number): RuleExplanation {
    const { head, at } = rule
    const told = { at, head: headText(module, rule), values: [] }
    if (rule.default) return { ...told, outcome: 'default', values: head.value === undefined ? [] : this.#made(module, [], head.value) }
    if ((head.args?.length ?? 0) > 0) return { ...told, outcome: 'function' }
    const made = this.#made(module, rule.body, head.value ?? head.key!)
    if (made.length > 0) {
      const { seen } = this.#line(module, rule.body, [], MAX_DEPTH)
      return { ...told, outcome: 'holds', values: made.slice(0, MAX_VALUES), seen }
    }
    const failed = this.#failed(module, rule, depth)
    return failed === undefined ? { ...told, outcome: 'fails' } : { ...told, outcome: 'fails', failed }
  }

  #failed(module: Module, { body, head }: Rule, depth: number): FailedLine | undefined {
    let good: Body = []
    for (let end = 1; end <= body.length; end++) {
      const lines = body.slice(0, end)
      const solutions = this.#solve(module, lines)
      // Variables of these lines have their values from later ones.
      if (solutions === undefined) continue
      if (solutions.length === 0) return this.#line(module, body.slice(good.length, end), good, depth)
      good = lines
    }
    // The body holds, the value of the head does not.
    const { at } = head.value ?? head.key!
    return { ...this.#line(module, [asLine(head.value ?? head.key!)], good, depth), at, text: sourceOf(module, at) }
  }

  #line(module: Module, lines: Body, before: Body, depth: number): FailedLine {
    const [first, last] = [lines[0]!, lines.at(-1)!]
    const at = { ...first.at, end: last.at.end }
    const [solution] = before.length > 0 ? (this.#solve(module, before) ?? []) : []
    const bound = (solution?.entries() ?? []).map(([name, value]) => ({ name: String(name), value }))
    const named = new Map<string, Value | undefined>()
    const because = new Map<string, Explanation>()
    for (const line of lines) this.#look(module, line, named, because, depth)
    const seen = [...named].map(([name, value]) => ({ name, value }))
    return { at, text: sourceOf(module, at), seen, bound, because: [...because.values()] }
  }

  /** What a line speaks of. */
  #look(module: Module, line: Expr, named: Map<string, Value | undefined>, because: Map<string, Explanation>, depth: number): void {
    walk(line, (node) => {
      const parts = node.kind === 'ref' ? constantParts(node.parts) : node.kind === 'var' ? [node] : []
      const [root] = parts
      if (root?.kind !== 'var' || (parts.length === 1 && isDocument(root))) return false
      if (root.name === 'input') {
        const name = partsText(parts)
        named.set(name, this.#value(name))
        return false
      }
      const document = this.#ruleNamed(module, parts)
      if (document === undefined || because.has(document)) return false
      const value = this.#value(document)
      if (depth < MAX_DEPTH && (value === undefined || value === false || line.negated))
        because.set(document, this.document(document, depth + 1))
      else named.set(document, value)
      return false
    })
  }

  /** The rule of the module's package, or by its whole path, that a ref begins with. */
  #ruleNamed(module: Module, parts: readonly Term[]): string | undefined {
    const paths = new Set(
      this.#policy.modules.flatMap((each) => each.rules.filter(({ head }) => head.args === undefined).map((rule) => pathOf(each, rule))),
    )
    const local = `${partsText(module.package.path.parts)}.${partsText(parts.slice(0, 1))}`
    if (paths.has(local)) return local
    for (let end = parts.length; end > 1; end--) {
      const path = partsText(parts.slice(0, end))
      if (paths.has(path)) return path
    }
    return undefined
  }

  #value(path: string): Value | undefined {
    const [solution] = this.#policy.prepare(`x = ${path}`).evaluate(QUERY, this.#options)
    return solution instanceof RegoObject ? solution.get('x') : undefined
  }

  /** The values of a term for each way in which a body holds, each once. */
  #made(module: Module, body: Body, term: Term): readonly Value[] {
    const value = variable('__value', term.at)
    const operator = { kind: 'ref', parts: [variable('eq', term.at)], at: term.at } as const
    const solutions = this.#solve(module, [...body, asLine(call(operator, [value, term], term.at))]) ?? []
    return solutions.map((solution) => solution.get('__value')!)
  }

  /** Undefined where the lines cannot be asked by themselves, or an error ends them. */
  #solve(module: Module, lines: Body): readonly RegoObject[] | undefined {
    try {
      const place = {
        package: partsText(module.package.path.parts.slice(1)),
        imports: module.imports.filter(({ path }) => isDocument(path.parts[0])),
      }
      return this.#policy
        .prepare(lines, place)
        .evaluate(QUERY, this.#options)
        .filter((found) => found instanceof RegoObject)
    } catch (error) {
      if (error instanceof RegoRejected || error instanceof RegoError) return undefined
      throw error
    }
  }
}

const isDocument = (root: Term): boolean => root.kind === 'var' && (root.name === 'data' || root.name === 'input')

const asLine = (term: Term): Expr => ({ kind: 'expr', terms: term, negated: false, with: [], generated: true, at: term.at })

/** The parts of a ref before the first that a variable decides. */
function constantParts(parts: readonly Term[]): readonly Term[] {
  const end = parts.findIndex((part, at) => at > 0 && part.kind !== 'string' && part.kind !== 'number')
  return end < 0 ? parts : parts.slice(0, end)
}

function pathOf(module: Module, { head }: Rule): string {
  const [name, ...rest] = head.ref.parts
  const named: Term = name.kind === 'var' ? { kind: 'string', value: name.name, at: name.at } : name
  return partsText([...module.package.path.parts, named, ...constantParts([name, ...rest]).slice(1)])
}

const sourceOf = (module: Module, { start, end }: Location) => module.text.slice(start, end)

function headText(module: Module, { head, default: isDefault, at }: Rule): string {
  const text = sourceOf(module, { ...head.at, start: at.start })
  return isDefault ? text : text.replace(/\s*(?:if)?\s*\{?\s*$/, '')
}
