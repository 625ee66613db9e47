import type { Ref, Term } from '../../syntax/ast.ts'
import { type Mapper, mapExpr, mapList, mapRef, mapTerm } from '../map.ts'

/**
 * A compiled ref as its author wrote it. `names`: what a generated variable was called; `subjects`: the term that it stands for, if it
 * was made for one.
 */
export function asWritten(ref: Ref, names: ReadonlyMap<string, string>, subjects: ReadonlyMap<string, Term>): Ref {
  const mapper: Mapper = { term, body: (body) => mapList(body, (expr) => mapExpr(expr, mapper)) }
  function term(at: Term): Term {
    if (at.kind !== 'var') return mapTerm(at, mapper)
    const subject = subjects.get(at.name)
    if (subject !== undefined) return subject.kind === 'var' ? subject : mapTerm(subject, mapper)
    const name = names.get(at.name)
    return name === undefined ? at : { ...at, name }
  }
  return mapRef(ref, term)
}
