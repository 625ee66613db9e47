import { compare, orderOf } from './compare.ts'
import { Fault, type Run } from './run.ts'
import { type List, typeName, type Value } from './values.ts'

/** cel-go counts sorting and what is distinct as if each were compared with each, twice. */
export function chargeCompared(run: Run, list: List): void {
  const factor = list.size > 0 && (typeof list.at(0) === 'string' || list.at(0) instanceof Uint8Array) ? 2.1 : 2
  run.charge(10 + Math.floor(factor * list.size * list.size))
}

/** By key, equals as they came. Keys are of one type. */
export function sorted(run: Run, pairs: readonly { readonly key: Value; readonly value: Value }[]): Value[] {
  const type = pairs[0] === undefined ? '' : typeName(pairs[0].key)
  for (const { key } of pairs) {
    if (typeName(key) !== type) throw new Fault('list elements must have the same type')
    if (orderOf(key, key) === undefined) throw new Fault('list elements must be comparable')
  }
  run.spend(pairs.length * Math.ceil(Math.log2(pairs.length + 1)))
  return [...pairs].sort((a, b) => compare(a.key, b.key)).map(({ value }) => value)
}
