import type { Diagnostic } from '../../errors.ts'
import type { Location, Ref, Term } from '../../syntax/ast.ts'
import { partsText, termText } from '../text.ts'
import { diffParams, diffText } from './diff.ts'
import { elidedText, MAX_WHOLE, named, paramsText, paramText, shortText, typeText } from './text.ts'
import type { Param, Type, Unknown } from './type.ts'
import { unifies } from './unify.ts'

/** Why a type error is one. */
export type Reason =
  /** What a call has, and what the function wants: its parameters and, as the last of `params`, its result. */
  | {
      readonly kind: 'call'
      readonly name: string
      readonly have: readonly (Type | Unknown)[]
      readonly params: readonly Param[]
      readonly variadic: Param | undefined
    }
  | { readonly kind: 'match'; readonly left: Type | Unknown; readonly right: Type | Unknown }
  /** What the parts before and at `at` lead to has nothing in it. */
  | { readonly kind: 'unsupported'; readonly ref: Ref; readonly at: number; readonly have: Type | Unknown }
  /** There is nothing at the part at `at`. `have` is its type if it is a variable, `oneOf` what it might be. */
  | {
      readonly kind: 'invalid'
      readonly ref: Ref
      readonly at: number
      readonly have: Type | Unknown
      readonly want: Type | Unknown
      readonly oneOf: readonly Term[]
    }

export interface TypeFault extends Diagnostic {
  readonly details?: TypeDetails
}

/** Written only for who reads it: types may be long. */
export class TypeDetails {
  readonly reason: Reason

  constructor(reason: Reason) {
    this.reason = reason
  }

  get lines(): readonly string[] {
    return linesOf(this.reason)
  }
}

export const typeFault = (message: string, at: Location | undefined, reason?: Reason): TypeFault => ({
  code: 'rego_type_error',
  message,
  at,
  ...(reason && { details: new TypeDetails(reason) }),
})

/** OPA renders longer lines with what matters of the types alone. */
const MAX_WIDTH = 80
const MATCH_DOCS = 'https://www.openpolicyagent.org/docs/errors/rego-type-error/match-error'
const COLLECTIONS: Partial<Record<Type['kind'], string>> = { object: 'objects', array: 'arrays', set: 'sets' }

function linesOf(reason: Reason): readonly string[] {
  switch (reason.kind) {
    case 'call':
      return callLines(reason)
    case 'match':
      return matchLines(reason)
    case 'unsupported': {
      const { ref, at, have } = reason
      return [partsText(ref.parts), '^'.repeat(width(ref, at + 1)), `have: ${typeText(have)}`]
    }
    default:
      return invalidLines(reason)
  }
}

const tooWide = (...lines: readonly string[]) => lines.some((line) => [...line].length > MAX_WIDTH)

function callLines({ have, params, variadic }: Extract<Reason, { kind: 'call' }>): readonly string[] {
  const lines = [`have: (${have.map(typeText).join(', ')})`, `want: ${paramsText(params, variadic)}`]
  if (!tooWide(...lines)) return lines
  const left = have.map(shortText)
  const right = params.map(shortParam)
  for (let at = 0; at < have.length && at < params.length; at++) {
    const param = params[at]!
    if (unifies(have[at], param.type, { left: 1_000_000 })) continue
    const [of, to] = diffParams({ name: undefined, type: have[at] }, param)
    left[at] = of
    right[at] = to
  }
  if (variadic) right.push(`${shortParam(variadic)}...`)
  return [`have: (${left.join(', ')})`, `want: (${right.join(', ')})`]
}

/** The name counts. */
function shortParam(param: Param): string {
  const whole = paramText(param)
  return [...whole].length <= MAX_WHOLE ? whole : named(param.name, elidedText(param.type, 0))
}

function matchLines({ left, right }: Extract<Reason, { kind: 'match' }>): readonly string[] {
  const line = (of: string, to: string) => [`left  : ${of}`, `right : ${to}`]
  const whole = line(typeText(left), typeText(right))
  const lines = tooWide(...whole) ? line(...diffText(left, right)) : whole
  const kind = left && left.kind === right?.kind ? COLLECTIONS[left.kind] : undefined
  if (kind === undefined) return lines
  return [...lines, `hint  : both sides are ${kind} but their types differ, so they can never be equal (see ${MATCH_DOCS})`]
}

function invalidLines({ ref, at, have, want, oneOf }: Extract<Reason, { kind: 'invalid' }>): readonly string[] {
  const pad = ' '.repeat(width(ref, at) + 1)
  const wanted =
    oneOf.length > 0 || want === undefined ? `want (one of): [${oneOf.map(termText).join(' ')}]` : `want (type): ${typeText(want)}`
  return [
    partsText(ref.parts),
    `${pad}^`,
    `${pad}${have === undefined ? `have: ${termText(ref.parts[at]!)}` : `have (type): ${typeText(have)}`}`,
    `${pad}${wanted}`,
  ]
}

/** Of the text of a ref up to one of its parts, in bytes. */
const width = ({ parts }: Ref, end: number) => Buffer.byteLength(partsText(parts.slice(0, end)))
