// What a rule has that only some stages look for, found in one walk.
import type { Ref, Rule, Term } from '../syntax/ast.ts'
import { isScalar } from '../syntax/ground.ts'
import { dotted } from '../syntax/names.ts'
import { type Node, walkRule } from '../syntax/walk.ts'
import type { Builtins } from './functions.ts'
import { isAssignment, rootDocument } from './terms.ts'

export interface Features {
  readonly templates: boolean
  readonly print: boolean
  readonly with: boolean
  readonly metadata: boolean
  /** A builtin without result where a value is wanted, whatever the name will turn out to be. */
  readonly voidCalls: boolean
  readonly deprecated: boolean
  /** An assignment to `input` or `data`. */
  readonly shadowing: boolean
  readonly comprehensions: boolean
  /** `==` */
  readonly equal: boolean
  /** What may be a variable with the name of a builtin. */
  readonly builtinNames: boolean
}

/** Of a rule as it was parsed, without its `else`. */
export function featuresOf(rule: Rule, builtins: Builtins): Features {
  const found = {
    templates: false,
    print: false,
    with: false,
    metadata: false,
    voidCalls: false,
    deprecated: false,
    shadowing: false,
    comprehensions: false,
    equal: false,
    builtinNames: rule.head.ref.parts.some((part, at) => at > 0 && !isScalar(part)),
  }
  let called: Ref | undefined
  walkRule(rule, (node: Node) => {
    switch (node.kind) {
      case 'with':
        found.with = true
        break
      case 'templatestring':
        found.templates = true
        break
      case 'arraycomprehension':
      case 'setcomprehension':
      case 'objectcomprehension':
        found.comprehensions = true
        break
      case 'expr':
        if (isAssignment(node) && isReserved(node.terms.args[0])) found.shadowing = true
        break
      case 'call':
        break
      case 'var':
        if (node !== called?.parts[0] && builtins(node.name) !== undefined) found.builtinNames = true
        return false
      default:
        return false
    }
    const call = node.kind === 'expr' ? node.terms : node
    if (call.kind !== 'call') return false
    called = call.operator
    const name = dotted(call.operator)
    if (name === 'print') found.print = true
    else if (name === 'equal') found.equal = true
    else if (name === 'rego.metadata.chain' || name === 'rego.metadata.rule') found.metadata = true
    const builtin = name === undefined ? undefined : builtins(name)
    if (builtin?.deprecated) found.deprecated = true
    if (node.kind === 'call' && builtin !== undefined && builtin.type.result === undefined) found.voidCalls = true
    return false
  })
  return found
}

const isReserved = (term: Term | undefined) =>
  term !== undefined && (rootDocument(term) !== undefined || (term.kind === 'var' && (term.name === 'input' || term.name === 'data')))
