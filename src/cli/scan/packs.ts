// The built-in packs: a folder each, and in it a folder for each rule.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ThymusError } from '../../core/errors.ts'
import { quote } from '../../core/quote.ts'
import type { SourceFile } from '../../layers/admission/manifests/document.ts'
import { readSources } from './files.ts'

const ROOT = join(import.meta.dirname, '../../../policies/admission')

export const packNames = () => foldersIn(ROOT)

/** Templates and constraints of the packs; of all where none is named. Throws ThymusError USAGE for a name that none has. */
export async function readPacks(names: readonly string[] = packNames()): Promise<readonly SourceFile[]> {
  const known = packNames()
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new ThymusError('USAGE', `${quote(unknown)} is not one of ${known.join(', ')}`, { at: '--pack' })
  const rules = [...new Set(names)].flatMap((pack) => foldersIn(join(ROOT, pack)).map((rule) => join(ROOT, pack, rule)))
  const files = rules.flatMap((rule) => ['template.yaml', 'constraint.yaml'].map((name) => readSources(join(rule, name))))
  return (await Promise.all(files)).flat()
}

function foldersIn(path: string): readonly string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted()
}
