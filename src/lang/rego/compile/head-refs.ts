import type { Body, Term } from '../syntax/ast.ts'
import { isScalar } from '../syntax/ground.ts'
import { equalTerms } from '../syntax/order.ts'
import type { Compilation } from './draft.ts'
import type { Locals } from './locals.ts'
import { withParts } from './map.ts'
import { appended, equality, variable } from './terms.ts'

/** A part of a head's ref that is neither constant nor variable becomes a variable, which the body binds. */
export function liftHeadRefs({ modules, locals }: Compilation): void {
  for (const module of modules) {
    for (const rule of module.rules) {
      const { ref } = rule.head
      if (ref.parts.every((part, at) => at === 0 || isScalar(part) || part.kind === 'var')) continue
      let { key } = rule.head
      let body: Body = rule.body
      const parts = ref.parts.map((part, at): Term => {
        if (at === 0 || isScalar(part) || part.kind === 'var') return part
        const [name, expr] = bind(part, locals)
        if (at === ref.parts.length - 1 && key !== undefined && equalTerms(key, part)) key = name
        body = appended(body, [expr])
        return name
      })
      rule.head = { ...rule.head, ref: withParts(ref, parts), key }
      rule.body = body
    }
  }
}

/** A new variable and the expression that binds it to the term. */
export function bind(term: Term, locals: Locals) {
  const name = variable(locals.generate(), term.at)
  return [name, equality(name, term)] as const
}
