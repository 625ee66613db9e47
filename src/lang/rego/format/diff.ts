// What `opa fmt` says of a text instead of writing it.
import { type Edit, editsBetween } from './edits.ts'

const GREEN = '\u001b[32m'
const RED = '\u001b[31m'
const PLAIN = '\u001b[0m'

/** `opa fmt --diff`: the new text with what is added in green and what is removed in red, each line coloured anew. Empty if nothing changes. */
export function colouredDiff(before: string, after: string): string {
  return before === after ? '' : `${editsBetween(before, after).map(coloured).join('')}\n`
}

/** `opa fmt --list`: the names of the files that change, one a line. */
export function changedFiles(files: readonly { readonly name: string; readonly before: string; readonly after: string }[]): string {
  return files
    .filter(({ before, after }) => before !== after)
    .map(({ name }) => `${name}\n`)
    .join('')
}

function coloured({ kind, text }: Edit): string {
  if (kind === 'same') return text
  const colour = kind === 'added' ? GREEN : RED
  return text
    .split('\n')
    .map((line) => `${colour}${line}${PLAIN}`)
    .join('\n')
}
