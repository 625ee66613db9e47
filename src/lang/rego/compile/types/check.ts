import type { Location, Ref, Rule, Term } from '../../syntax/ast.ts'
import { groundPrefix } from '../../syntax/ground.ts'
import { compareLocations } from '../../syntax/order.ts'
import { walk } from '../../syntax/walk.ts'
import { compareStrings } from '../../values/order.ts'
import { BodyChecker, type Surroundings } from './body.ts'
import { type TypeFault, typeFault } from './details.ts'
import type { TypeEnv } from './env.ts'
import { type SchemaAnnotation, Schemas } from './schemas.ts'
import { ANY, type FunctionType, functionOf, objectOf, setOf, type Type, type Unknown } from './type.ts'

/** A rule as it is checked: compiled, at its whole path. */
export interface TypedRule extends Rule {
  readonly path: Ref
}

/** What rules are told by schemas. */
export interface RuleSchemas<R extends TypedRule = TypedRule> {
  readonly set: Schemas
  /** The schemas that a rule's annotations and those around it name, from without to within. */
  readonly of: (rule: R) => readonly SchemaAnnotation[]
}

const NO_SCHEMAS: RuleSchemas = { set: new Schemas(undefined), of: () => [] }

/** The types of rules, and what is wrong with them. */
export interface Checked {
  /** Sorted by place. */
  readonly faults: readonly TypeFault[]
  /** Knows the types of the rules by their refs. */
  readonly env: TypeEnv
}

/**
 * Checks the types of compiled rules as OPA does (`v1/ast/check.go`). `rules`: each after those it depends on, the `else` of a rule
 * like a rule of its own.
 */
export function checkTypes<R extends TypedRule>(rules: readonly R[], around: Surroundings, schemas: RuleSchemas<R> = NO_SCHEMAS): Checked {
  const input = schemas.set.input()
  const faults: TypeFault[] = input !== undefined && 'code' in input ? [input] : []
  const checker = new BodyChecker(around, rules.length, input === undefined || 'code' in input ? undefined : input)
  const env = checker.outermost().within()
  for (const rule of rules) faults.push(...checkRule(checker, env, rule, schemas))
  return { faults: faults.sort(byPlace), env }
}

/** A call of a builtin with too few or too many arguments, which is found before there are types of anything but constants. */
export function arityMismatch(name: string, at: Location, args: readonly Term[], { params, variadic }: FunctionType): TypeFault {
  const env = new BodyChecker({ dependents: () => [], written: (ref) => ref }, 0).outermost()
  const have = args.map((arg) => env.typeOf(arg))
  return typeFault(`${name}: arity mismatch`, at, { kind: 'call', name, have, params, variadic })
}

function checkRule<R extends TypedRule>(checker: BodyChecker, env: TypeEnv, rule: R, { set, of }: RuleSchemas<R>): readonly TypeFault[] {
  const told = env.within()
  const unfit = set.apply(told, of(rule), rule.at)
  const { env: within, faults } = checker.check(told, rule.body)
  const { parts } = rule.path
  // Who refers to a rule with faults must not hear of them once more.
  if (faults.length > 0) env.put(parts, ANY)
  else {
    const args = rule.head.args ?? []
    const type = args.length > 0 ? functionType(within, rule, args) : valueType(within, rule)
    if (type !== undefined) env.insert(args.length > 0 ? parts : groundPrefix(parts), type)
  }
  return [...unfit, ...faults]
}

function functionType(env: TypeEnv, { head }: TypedRule, args: readonly Term[]): Type {
  for (const arg of args) {
    walk(arg, (node) => {
      // An argument that the body does not speak of may be anything.
      if (node.kind === 'var' && env.typeOf(node) === undefined) env.infer(node, ANY)
      return false
    })
  }
  const params = args.map((arg) => ({ name: undefined, type: env.typeOf(arg) }))
  const result = env.typeOf(head.value!)
  return functionOf(params, result && { name: undefined, type: result })
}

/** Of the ground part of the path: what its other parts lead to are objects within objects. */
function valueType(env: TypeEnv, { head, path }: TypedRule): Type | Unknown {
  const type = head.value === undefined ? setType(env, head.key!) : env.typeOf(head.value)
  return path.parts.slice(groundPrefix(path.parts).length).reduceRight<Type | Unknown>((value, part) => {
    const key = value && env.typeOf(part)
    return key && objectOf([], { key, value })
  }, type)
}

function setType(env: TypeEnv, key: Term): Type | Unknown {
  const of = env.typeOf(key)
  return of && setOf(of)
}

function byPlace(a: TypeFault, b: TypeFault): number {
  return compareLocations(a.at, b.at) || compareStrings(whole(a), whole(b))
}

const whole = ({ message, details }: TypeFault) => [message, ...(details?.lines ?? [])].join('\n\t')
