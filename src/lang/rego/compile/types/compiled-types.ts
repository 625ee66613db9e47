// The types of what the compiler made.
import type { Location, Ref, Term } from '../../syntax/ast.ts'
import type { Compiled, CompiledQuery, CompiledRule } from '../compiled.ts'
import { groundPrefix } from '../terms.ts'
import { rulesMeant } from '../tree.ts'
import { BodyChecker, type Surroundings } from './body.ts'
import { byPlace, type Checked, checkTypes } from './check.ts'
import { type TypeFault, typeFault } from './details.ts'
import type { TypeEnv } from './env.ts'
import type { FunctionType } from './type.ts'
import { asWritten } from './written.ts'

/** A call of a builtin with too few or too many arguments, which is found before there are types of anything but constants. */
export function arityMismatch(name: string, at: Location, args: readonly Term[], { params, variadic }: FunctionType): TypeFault {
  const env = new BodyChecker({ dependents: () => [], written: (ref) => ref }, 0).outermost()
  const have = args.map((arg) => env.typeOf(arg))
  return typeFault(`${name}: arity mismatch`, at, { kind: 'call', have, params, variadic })
}

/** The types of compiled rules, and what is wrong with them: the last check of a compilation. */
export function checkCompiled(compiled: Compiled): Checked {
  const { written, subjects, graph } = compiled
  return checkTypes(
    graph.sorted,
    surroundings(compiled, (ref) => asWritten(ref, written, subjects)),
  )
}

/** What is wrong with the types of a compiled query, where `rules` knows those of the rules. */
export function checkCompiledQuery(query: CompiledQuery, compiled: Compiled, rules: TypeEnv): readonly TypeFault[] {
  const written = new Map([...compiled.written, ...query.written])
  const subjects = new Map([...compiled.subjects, ...query.subjects])
  const checker = new BodyChecker(
    surroundings(compiled, (ref) => asWritten(ref, written, subjects)),
    query.body.length,
  )
  return checker.check(rules, query.body).faults.toSorted(byPlace)
}

function surroundings({ tree, graph }: Compiled, written: Surroundings['written']): Surroundings {
  return { dependents: (ref) => dependents(tree, graph, ref), written }
}

function dependents(tree: Compiled['tree'], graph: Compiled['graph'], ref: Ref): readonly (readonly Term[])[] {
  const found = new Set<CompiledRule>(rulesMeant(tree, ref))
  // What is added on the way is gone through as well.
  for (const rule of found) for (const dependent of graph.dependents(rule)) found.add(dependent)
  return [...found].map(({ path }) => groundPrefix(path.parts))
}
