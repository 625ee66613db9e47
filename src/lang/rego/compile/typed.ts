// The type checker beside the compiler: what it must know of the rules, and what it finds of them and of queries.
import type { Diagnostic } from '../errors.ts'
import type { Ref, Term } from '../syntax/ast.ts'
import { groundPrefix } from '../syntax/ground.ts'
import { AnnotationSet } from './annotation-set.ts'
import type { Compiled, CompiledQuery, CompiledRule } from './compiled.ts'
import { BodyChecker } from './types/body.ts'
import { checkTypes } from './types/check.ts'
import type { TypeEnv } from './types/env.ts'
import { type SchemaAnnotation, type SchemaDocuments, Schemas } from './types/schemas.ts'
import { asWritten } from './types/written.ts'

/** The types of compiled rules. */
export interface Typed {
  readonly faults: readonly Diagnostic[]
  /** What is wrong with the types of a query against those rules. */
  queryFaults(query: CompiledQuery): readonly Diagnostic[]
  readonly env: TypeEnv
}

/** `schemas`: by the refs by which annotations name them; the one named `schema` is of `input`. */
export function typesOf(compiled: Compiled, schemas?: SchemaDocuments): Typed {
  const dependents = (ref: Ref) => dependentPaths(compiled, ref)
  const around = { dependents, written: (ref: Ref) => asWritten(ref, compiled.written, compiled.subjects) }
  const annotations = compiled.annotations.length > 0 ? new AnnotationSet(compiled.modules) : undefined
  const { faults, env } = checkTypes(compiled.graph.sorted, around, {
    set: new Schemas(schemas),
    of: (rule) => (annotations === undefined ? [] : schemasOf(annotations, rule)),
  })
  return {
    faults,
    env,
    queryFaults: ({ body, written, subjects }) => {
      const names = new Map([...compiled.written, ...written])
      const checker = new BodyChecker({ dependents, written: (ref) => asWritten(ref, names, subjects) }, 1)
      return checker.check(env, body).faults
    },
  }
}

function schemasOf(annotations: AnnotationSet, rule: CompiledRule): readonly SchemaAnnotation[] {
  const named = rule.module.package
  const said = [
    ...annotations.aroundPackage(named),
    annotations.ofPackage(named),
    annotations.ofDocument(groundPrefix(rule.path.parts)),
    ...annotations.ofRule(rule),
  ]
  return said.flatMap((one) => one?.schemas ?? [])
}

/** The paths of all rules that a ref may mean, and of those whose value changes with theirs. */
function dependentPaths({ graph }: Compiled, ref: Ref): readonly (readonly Term[])[] {
  const found = new Set<CompiledRule>(graph.meant(ref))
  for (const rule of found) for (const dependent of graph.dependents(rule)) found.add(dependent)
  return [...found].map(({ path }) => groundPrefix(path.parts))
}
