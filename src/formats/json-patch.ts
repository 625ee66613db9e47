// The JSON Patch (RFC 6902) that leads from one value to another.
import { isFields } from './kubernetes/object.ts'

export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }

/**
 * One operation for each field and element that was added, removed or replaced, as deep inside as it can be; none where nothing differs.
 * Elements of lists go by their place: what is the same at both ends of a list is left alone, the rest is compared in pairs.
 */
export function patchBetween(before: unknown, after: unknown): readonly PatchOperation[] {
  return [...differences(before, after, '')]
}

function* differences(before: unknown, after: unknown, path: string): Generator<PatchOperation> {
  if (isFields(before) && isFields(after)) {
    for (const field of Object.keys(before)) {
      const place = `${path}/${escaped(field)}`
      if (Object.hasOwn(after, field)) yield* differences(before[field], after[field], place)
      else yield { op: 'remove', path: place }
    }
    for (const field of Object.keys(after))
      if (!Object.hasOwn(before, field)) yield { op: 'add', path: `${path}/${escaped(field)}`, value: after[field] }
  } else if (Array.isArray(before) && Array.isArray(after)) yield* listDifferences(before, after, path)
  else if (before !== after) yield { op: 'replace', path, value: after }
}

function* listDifferences(before: readonly unknown[], after: readonly unknown[], path: string): Generator<PatchOperation> {
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && same(before[start], after[start])) start++
  let end = 0
  while (end < shorter - start && same(before.at(-1 - end), after.at(-1 - end))) end++
  const pairs = shorter - end
  for (let index = start; index < pairs; index++) yield* differences(before[index], after[index], `${path}/${index}`)
  // From the last to the first, so that no place moves before its turn.
  for (let index = before.length - end - 1; index >= pairs; index--) yield { op: 'remove', path: `${path}/${index}` }
  for (let index = pairs; index < after.length - end; index++) yield { op: 'add', path: `${path}/${index}`, value: after[index] }
}

const same = (before: unknown, after: unknown) => differences(before, after, '').next().done === true

/** RFC 6901 §3. */
const escaped = (field: string) => field.replaceAll('~', '~0').replaceAll('/', '~1')
