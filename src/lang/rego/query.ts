// Queries as a person asks them: beside the variables, each line of the query has a value of its own, as in `opa eval`.
import { signatureOf } from './builtins/signatures.ts'
import { arityIn } from './compile/functions.ts'
import type { Arity } from './compile/outputs.ts'
import type { EvaluationOptions } from './engine.ts'
import { RegoRejected } from './errors.ts'
import { type Policy, type PreparationOptions, QUERY } from './policy.ts'
import type { Body, Expr, Location, RegoVersion, Term } from './syntax/ast.ts'
import { parseQuery } from './syntax/module.ts'
import { dotted } from './syntax/names.ts'
import { call, variable } from './syntax/terms.ts'
import type { RegoObject, Value } from './values/value.ts'

/** One way in which a query holds. */
export interface Solution {
  readonly expressions: readonly { readonly value: Value; readonly text: string; readonly at: Location }[]
  readonly bindings: ReadonlyMap<string, Value>
}

export interface PreparedQuery {
  /** In the order in which they are found. Throws RegoError. */
  solve(options: EvaluationOptions): readonly Solution[]
}

const CAPTURE = '__value'

/** Makes a query ready to be asked. Throws RegoRejected, and REGO_BUILTIN for a builtin that is not there. */
export function prepareQuery(
  policy: Policy,
  text: string,
  options: PreparationOptions & { readonly version?: RegoVersion } = {},
): PreparedQuery {
  const { version = 'v1', ...rest } = options
  const body = parseQuery('', text, { version })
  const arity = arityIn(policy.compiled.tree, options.builtins ?? signatureOf)
  const prepared = withoutCaptures(() => policy.prepare(withCaptures(body, arity), rest))
  return {
    solve: (evaluation) =>
      prepared.evaluate(QUERY, evaluation).map((found) => {
        const values = new Map((found as RegoObject).entries().map(([name, value]) => [String(name), value]))
        const lineValue = (n: number) => {
          const value = values.get(`${CAPTURE}${n}`)
          return value === undefined ? true : value
        }
        return {
          expressions: body.map(({ at }, n) => ({ value: lineValue(n), text: text.slice(at.start, at.end), at })),
          bindings: new Map([...values].filter(([name]) => !name.startsWith(CAPTURE))),
        }
      }),
  }
}

/** What is wrong with a query is said of what its author wrote. */
function withoutCaptures<T>(prepare: () => T): T {
  try {
    return prepare()
  } catch (error) {
    if (!(error instanceof RegoRejected)) throw error
    const [first, ...rest] = error.diagnostics.filter(({ message }) => !message.includes(CAPTURE))
    throw first === undefined ? error : new RegoRejected([first, ...rest])
  }
}

/** Each line that has a value puts it into a variable; where there are several lines, or several values, one that is false fails. */
function withCaptures(body: Body, arity: Arity): Body {
  const several = body.length > 1 || body.some(iterates)
  return body.flatMap((line, n) => {
    if (!hasValue(line, arity)) return [line]
    const value = variable(`${CAPTURE}${n}`, line.at)
    const operator = { kind: 'ref', parts: [variable('eq', line.at)], at: line.at } as const
    const captured: Expr = { ...line, terms: call(operator, [line.terms, value], line.at) }
    return several ? [captured, { ...line, terms: value, with: [], generated: true }] : [captured]
  })
}

/** A call with one operand more than it takes has its value there. */
function hasValue(line: Expr, arity: Arity): line is Expr & { readonly terms: Term } {
  const { terms, negated } = line
  if (negated || ['some', 'every', 'not', 'and', 'or'].includes(terms.kind)) return false
  if (terms.kind !== 'call') return true
  const name = dotted(terms.operator)
  if (name === 'eq' || name === 'assign') return false
  const type = name === undefined ? undefined : signatureOf(name)?.type
  if (type !== undefined && type.result === undefined) return false
  return (arity(terms.operator) ?? terms.args.length) === terms.args.length
}

/** Whether a line may hold in more than one way. */
function iterates({ terms }: Expr): boolean {
  const within = (term: Term): boolean => {
    if (term.kind === 'ref') return term.parts.some((part, at) => at > 0 && (part.kind === 'var' || within(part)))
    if (term.kind === 'call') return term.args.some(within)
    if (term.kind === 'array' || term.kind === 'set') return term.items.some(within)
    return term.kind === 'object' && term.entries.some((entry) => entry.some(within))
  }
  if (terms.kind === 'some') return true
  return 'kind' in terms && !['every', 'not', 'and', 'or'].includes(terms.kind) && within(terms as Term)
}
