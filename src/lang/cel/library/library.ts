// How functions are declared: `.charAt(string, int): string` is called on its first argument, `optional.none(): optional_type(V)` by its name.
import type { Run } from '../run.ts'
import { readType, splitTypes, type Type } from '../types.ts'
import { CelMap, List, typeName, type Value } from '../values.ts'

export type Implementation = (run: Run, ...args: never[]) => Value
export type Library = Readonly<Record<string, Implementation>>

export interface Overload {
  readonly name: string
  readonly member: boolean
  readonly args: readonly Type[]
  readonly result: Type
  /** Do values of these types fit at run time? What lists and maps hold is not looked at. */
  readonly accepts: readonly ((value: Value) => boolean)[]
  readonly call: (run: Run, ...args: Value[]) => Value
}

export function declare(signature: string, call: Implementation): Overload {
  const [, dot, name, args, result] = /^(\.?)([^(]+)\((.*)\): ([^:]+)$/.exec(signature)!
  const types = splitTypes(args!).map(readType)
  return {
    name: name!,
    member: dot === '.',
    args: types,
    result: readType(result!),
    accepts: types.map(({ kind }) => acceptor(kind)),
    call: call as unknown as Overload['call'],
  }
}

function acceptor(kind: string): (value: Value) => boolean {
  switch (kind) {
    case 'dyn':
    case 'param':
      return () => true
    case 'string':
      return (value) => typeof value === 'string'
    case 'int':
      return (value) => typeof value === 'bigint'
    case 'list':
      return (value) => value instanceof List
    case 'map':
      return (value) => value instanceof CelMap
    default:
      return (value) => typeName(value) === kind
  }
}

/** Characters as CEL counts them: code points. */
export function characters(run: Run, text: string): number {
  run.spend(text.length >> 3)
  let count = text.length
  for (let at = 0; at < text.length - 1; at++) {
    const unit = text.charCodeAt(at)
    if (unit >= 0xd800 && unit < 0xdc00) {
      const next = text.charCodeAt(at + 1)
      if (next >= 0xdc00 && next < 0xe000) {
        count--
        at++
      }
    }
  }
  return count
}
