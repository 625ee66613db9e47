// Whether a call fits its function, and what that says of the variables among its arguments.
import { signatureOf } from '../../builtins/signatures.ts'
import type { Call, Expr, Ref, Term } from '../../syntax/ast.ts'
import { dotted } from '../../syntax/names.ts'
import { partsText } from '../text.ts'
import { type TypeFault, typeFault } from './details.ts'
import type { TypeEnv } from './env.ts'
import { keysOf, valuesOf } from './select.ts'
import { isUnknown, type Param, type Type, type Unknown } from './type.ts'
import { infer, unifies, unifyTerms } from './unify.ts'

/** The first fault of an expression's modifiers, or else of its call. */
export function checkCall(env: TypeEnv, expr: Expr): TypeFault | undefined {
  const fault = checkModifiers(env, expr)
  if (fault !== undefined || expr.terms.kind !== 'call') return fault
  const { terms: call } = expr
  switch (dotted(call.operator)) {
    case 'eq':
      return checkEquality(env, expr, call)
    case 'internal.member_2':
      return checkMember(env, expr, call, 2) ?? checkArguments(env, expr, call)
    case 'internal.member_3':
      return checkMember(env, expr, call, 3) ?? checkArguments(env, expr, call)
    default:
      return checkArguments(env, expr, call)
  }
}

/** A function that stands in for another takes as many arguments. */
function checkModifiers(env: TypeEnv, expr: Expr): TypeFault | undefined {
  for (const { target, value, at } of expr.with) {
    const [type, other] = [env.typeOf(target), env.typeOf(value)]
    if (type?.kind !== 'function' || other?.kind !== 'function' || target.kind !== 'ref' || unifies(type, other, env.budget)) continue
    const have = other.params.map((param) => param.type)
    const name = partsText(target.parts)
    return typeFault(`${name}: arity mismatch`, at, { kind: 'call', name, have, params: type.params, variadic: type.variadic })
  }
  return undefined
}

function checkEquality(env: TypeEnv, expr: Expr, { operator, args }: Call): TypeFault | undefined {
  if (args.length !== 2) {
    const { params } = signatureOf('eq')!.type
    return misfit(expr, operator, args.length < 2 ? 'too few arguments' : 'too many arguments', typesOf(env, args), params, undefined)
  }
  const [left, right] = args
  const [typeA, typeB] = [env.typeOf(left!), env.typeOf(right!)]
  return unifyTerms(env, left!, right!) ? undefined : mismatch(expr, typeA, typeB)
}

/** What may be found in a collection depends on the collection, which no declaration of `in` can say. */
function checkMember(env: TypeEnv, expr: Expr, { args }: Call, arity: 2 | 3): TypeFault | undefined {
  if (args.length < arity) return undefined
  const collection = env.typeOf(args[arity - 1]!)
  const values = valuesOf(collection)
  // Nothing is in what is no collection.
  if (values === undefined) return undefined
  const keys = arity === 3 ? checkMemberOperand(env, expr, args[0]!, keysOf(collection)) : undefined
  return keys ?? checkMemberOperand(env, expr, args[arity - 2]!, values)
}

function checkMemberOperand(env: TypeEnv, expr: Expr, term: Term, type: Type | Unknown): TypeFault | undefined {
  if (isUnknown(type)) return undefined
  const have = env.typeOf(term)
  if ((isUnknown(have) || unifies(have, type, env.budget)) && infer(env, term, type)) return undefined
  return mismatch(expr, have, type)
}

function checkArguments(env: TypeEnv, expr: Expr, { operator, args }: Call): TypeFault | undefined {
  const type = env.typeOfRef(operator.parts)
  if (type?.kind === 'any' && type.of.length === 0) return undefined
  if (type?.kind !== 'function') return typeFault(`undefined function ${partsText(operator.parts)}`, expr.at)
  const params = type.result === undefined ? type.params : [...type.params, type.result]
  const unfit = (message: string, have: readonly (Type | Unknown)[]) => misfit(expr, operator, message, have, params, type.variadic)
  const have = typesOf(env, args)
  if (args.length > params.length && type.variadic === undefined) return unfit('too many arguments', have)
  if (args.length < type.params.length) return unfit('too few arguments', have)
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!
    const want = (params[at] ?? type.variadic)?.type
    if (!isUnknown(have[at]) && !unifies(have[at], want, env.budget)) return unfit('invalid argument(s)', have)
    // Of an argument with unknown parts the known ones still have to fit.
    if (!infer(env, arg, want)) return unfit('invalid argument(s)', typesOf(env, args))
  }
  return undefined
}

const typesOf = (env: TypeEnv, terms: readonly Term[]) => terms.map((term) => env.typeOf(term))

function mismatch({ at }: Expr, left: Type | Unknown, right: Type | Unknown): TypeFault {
  return typeFault('match error', at, { kind: 'match', left, right })
}

function misfit(
  { at }: Expr,
  operator: Ref,
  message: string,
  have: readonly (Type | Unknown)[],
  params: readonly Param[],
  variadic: Param | undefined,
): TypeFault {
  const name = partsText(operator.parts)
  return typeFault(`${name}: ${message}`, at, { kind: 'call', name, have, params, variadic })
}
