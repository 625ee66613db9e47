// Edits in their plainest form: what is removed before what is added, nothing alike at their ends, no two of a kind in a row.
import type { Edit } from './edits.ts'

interface Slot {
  readonly kind: Edit['kind']
  text: string
}

export function mergeEdits(edits: readonly Edit[]): readonly Edit[] {
  let found: readonly Edit[] = edits
  for (;;) {
    const shifted = shiftEdits(joinEdits(found))
    if (!shifted.changed) return shifted.edits
    found = shifted.edits
  }
}

/** Joins neighbours, and moves what is alike in a removal and an addition into the text around them. */
function joinEdits(edits: readonly Edit[]): Slot[] {
  const joined: Slot[] = []
  let removed = ''
  let added = ''
  let count = { removed: 0, added: 0 }
  for (const { kind, text } of [...edits, { kind: 'same', text: '' } as const]) {
    if (kind === 'removed') {
      count.removed++
      removed += text
    } else if (kind === 'added') {
      count.added++
      added += text
    } else {
      let same: string = text
      if (count.removed > 0 && count.added > 0) {
        const parts = factor(removed, added)
        keepSame(joined, parts.before)
        ;({ removed, added } = parts)
        same = parts.after + text
      }
      if (count.removed > 0) joined.push({ kind: 'removed', text: removed })
      if (count.added > 0) joined.push({ kind: 'added', text: added })
      if (count.removed + count.added > 0) joined.push({ kind: 'same', text: same })
      else keepSame(joined, same, true)
      count = { removed: 0, added: 0 }
      removed = ''
      added = ''
    }
  }
  if (joined.at(-1)?.text === '') joined.pop()
  return joined
}

function keepSame(joined: Slot[], text: string, always = false): void {
  const last = joined.at(-1)
  if (last?.kind === 'same') last.text += text
  else if (text !== '' || always) joined.push({ kind: 'same', text })
}

function factor(removed: string, added: string): { before: string; removed: string; added: string; after: string } {
  const [a, b] = [[...removed], [...added]]
  const prefix = commonPrefix(b, a)
  const suffix = commonSuffix(b.slice(prefix), a.slice(prefix))
  const text = (chars: readonly string[], from: number, to: number) => chars.slice(from, to).join('')
  return {
    before: text(b, 0, prefix),
    removed: text(a, prefix, a.length - suffix),
    added: text(b, prefix, b.length - suffix),
    after: text(b, b.length - suffix, b.length),
  }
}

/** An edit between two stretches that can be moved over one of them makes them one: `A(BA)C` is `(AB)AC`. */
function shiftEdits(edits: Slot[]): { readonly edits: readonly Edit[]; readonly changed: boolean } {
  let changed = false
  for (let at = 1; at < edits.length - 1; at++) {
    const [before, here, after] = [edits[at - 1]!, edits[at]!, edits[at + 1]!]
    if (before.kind !== 'same' || after.kind !== 'same') continue
    if (here.text.endsWith(before.text)) {
      here.text = before.text + here.text.slice(0, here.text.length - before.text.length)
      after.text = before.text + after.text
      edits.splice(at - 1, 1)
      changed = true
    } else if (here.text.startsWith(after.text)) {
      before.text += after.text
      here.text = here.text.slice(after.text.length) + after.text
      edits.splice(at + 1, 1)
      changed = true
    }
  }
  return { edits, changed }
}

export function commonPrefix<T>(a: readonly T[], b: readonly T[]): number {
  const end = Math.min(a.length, b.length)
  let length = 0
  while (length < end && a[length] === b[length]) length++
  return length
}

export function commonSuffix<T>(a: readonly T[], b: readonly T[]): number {
  const end = Math.min(a.length, b.length)
  let length = 0
  while (length < end && a[a.length - length - 1] === b[b.length - length - 1]) length++
  return length
}
