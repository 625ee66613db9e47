// What a policy takes out of a decision, or puts in its place, before it is logged: the rules of `data.system.log.mask`.

import { printJson } from '../../lang/rego/values/text.ts'
import { isArray, RegoObject, RegoSet, typeName, type Value } from '../../lang/rego/values/value.ts'
import { wholeNumber } from './documents.ts'
import { unescaped } from './target.ts'

export interface Masked {
  readonly input: Value | undefined
  readonly result: Value | undefined
  /** The pointers of the rules that removed, and that replaced, something. */
  readonly erased: readonly string[]
  readonly masked: readonly string[]
}

interface Rule {
  readonly part: 'input' | 'result' | 'nd_builtin_cache'
  readonly path: readonly string[]
  readonly pointer: string
  readonly operation: 'remove' | 'upsert'
  readonly value: Value
}

/** Why the answer of the policy is no list of rules. */
export class MaskError extends Error {}

/** Applies the rules in their order; one whose path leads nowhere does nothing. Throws MaskError. */
export function mask(event: Pick<Masked, 'input' | 'result'>, written: Value): Masked {
  const items = written instanceof RegoSet ? written.members() : written
  if (!isArray(items)) throw new MaskError(`unexpected rule format ${printJson(written)}`)
  const rules = items.map(readRule)
  const parts: { input: Value | undefined; result: Value | undefined } = { ...event }
  const erased: string[] = []
  const masked: string[] = []
  for (const { part, path, pointer, operation, value } of rules) {
    const before = part === 'nd_builtin_cache' ? undefined : parts[part]
    if (part === 'nd_builtin_cache' || before === undefined) continue
    const after = operation === 'remove' ? removed(before, path) : replaced(before, path, value)
    if (after === NOWHERE) continue
    parts[part] = after
    if (operation === 'remove') erased.push(pointer)
    else masked.push(pointer)
  }
  return { ...parts, erased, masked }
}

function readRule(rule: Value): Rule {
  if (typeof rule === 'string') return { ...readPointer(rule), operation: 'remove', value: null }
  if (!(rule instanceof RegoObject)) throw new MaskError(`invalid mask rule format encountered: ${typeName(rule)}`)
  const operation = rule.get('op')
  if (operation !== 'remove' && operation !== 'upsert') throw new MaskError(`mask op is not supported: ${printJson(operation ?? '')}`)
  const path = rule.get('path') ?? ''
  if (typeof path !== 'string') throw new MaskError(`invalid "path" value: ${printJson(path)}`)
  return { ...readPointer(path), operation, value: rule.get('value') ?? null }
}

function readPointer(text: string): Pick<Rule, 'part' | 'path' | 'pointer'> {
  if (text === '') throw new MaskError('mask must be non-empty')
  if (!text.startsWith('/')) throw new MaskError('mask must be slash-prefixed')
  const parts = text.slice(1).split('/')
  const [part] = parts
  if (part !== 'input' && part !== 'result' && part !== 'nd_builtin_cache') throw new MaskError(`mask prefix not allowed: ${part}`)
  if (parts.some((each) => unescaped(each) === undefined)) throw new MaskError('a percent sign that escapes nothing')
  const [, ...path] = parts.map(pathEscape)
  return { part, path, pointer: `/${[part, ...path].join('/')}` }
}

/** OPA escapes a part before it looks for it, so that a name with a space is never found; a name with `%` neither. */
export const pathEscape = (part: string) =>
  encodeURIComponent(part.toWellFormed())
    .replace(/%(?:24|26|2B|3A|3D|40)/g, decodeURIComponent)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

const NOWHERE = Symbol('nowhere')

/** Undefined where the whole is removed. */
function removed(value: Value, [part, ...rest]: readonly string[]): Value | undefined | typeof NOWHERE {
  if (part === undefined) return undefined
  const child = childOf(value, part)
  if (child === undefined) return NOWHERE
  const after = rest.length === 0 ? undefined : removed(child, rest)
  return after === NOWHERE ? NOWHERE : withChild(value, part, after)
}

/** Objects are made for names that are not there. */
function replaced(value: Value, [part, ...rest]: readonly string[], by: Value): Value | typeof NOWHERE {
  if (part === undefined) return by
  const found = childOf(value, part)
  const child = found === undefined && value instanceof RegoObject ? new RegoObject() : found
  if (child === undefined) return NOWHERE
  const after = replaced(child, rest, by)
  return after === NOWHERE ? NOWHERE : withChild(value, part, after)
}

function childOf(value: Value, part: string): Value | undefined {
  if (value instanceof RegoObject) return value.get(part)
  return isArray(value) ? value[Number(wholeNumber(part) ?? -1)] : undefined
}

function withChild(value: Value, part: string, child: Value | undefined): Value {
  if (isArray(value)) return child === undefined ? value.toSpliced(Number(part), 1) : value.with(Number(part), child)
  const entries = new Map((value as RegoObject).entries())
  if (child === undefined) entries.delete(part)
  else entries.set(part, child)
  return RegoObject.of(entries)
}
