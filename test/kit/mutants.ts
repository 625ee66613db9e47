// Damaged copies of JSON values: parts left out, put elsewhere, doubled, or of another type.
import { isFields } from '../../src/formats/kubernetes/object.ts'
import type { Random } from './random.ts'

const ODD: readonly unknown[] = [
  null,
  true,
  false,
  0,
  1,
  -1,
  65_535,
  1.5,
  '',
  '0',
  'a',
  '*',
  'true',
  '100Mi',
  '0.5',
  '1e3',
  [],
  {},
  [{}],
  ['a'],
  { a: 1 },
]

/** A changed copy. `others` are values of the same kind, of which parts and names are taken. */
export function mutant(value: unknown, others: readonly unknown[], random: Random): unknown {
  const copy = structuredClone(value)
  const changes = 1 + random.below(3)
  for (let n = 0; n < changes; n++) change(copy, others, random)
  return copy
}

type Spot = { readonly holder: Record<string, unknown> | unknown[]; readonly key: string | number }

function change(root: unknown, others: readonly unknown[], random: Random): void {
  const spots = spotsOf(root)
  if (spots.length === 0) return
  const { holder, key } = random.of(spots)
  const at = holder as Record<string | number, unknown>
  switch (random.below(7)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1)
      else delete at[key]
      break
    case 1:
      at[key] = structuredClone(random.of(ODD))
      break
    case 2: {
      const found = spotsOf(random.of(others))
      if (found.length === 0) break
      const spot = random.of(found)
      at[key] = structuredClone((spot.holder as Record<string | number, unknown>)[spot.key])
      break
    }
    case 3:
      if (Array.isArray(holder)) holder.push(structuredClone(holder[Number(key)]))
      else if (typeof at[key] === 'string') at[key] = `${at[key] as string}x`
      break
    case 4: {
      const named = spotsOf(random.of(others)).filter((spot) => typeof spot.key === 'string')
      if (named.length === 0 || Array.isArray(holder)) break
      const spot = random.of(named)
      at[spot.key] = structuredClone((spot.holder as Record<string | number, unknown>)[spot.key])
      break
    }
    case 5:
      if (typeof at[key] === 'string') at[key] = (at[key] as string).slice(0, random.below((at[key] as string).length + 1))
      else if (typeof at[key] === 'number') at[key] = (at[key] as number) + 1
      else if (typeof at[key] === 'boolean') at[key] = !at[key]
      break
    default:
      at[key] = [at[key]]
  }
}

/** Every place below a value, its kind and version aside: without them it is no object at all. */
function spotsOf(value: unknown): Spot[] {
  if (Array.isArray(value)) return value.flatMap((item, key) => [{ holder: value, key }, ...spotsOf(item)])
  if (!isFields(value)) return []
  const holder = value as Record<string, unknown>
  const names = Object.keys(holder).filter((name) => name !== 'apiVersion' && name !== 'kind')
  return names.flatMap((key) => [{ holder, key }, ...spotsOf(holder[key])])
}
