// What `--schema` names: JSON schemas, by the refs by which annotations name them.
import { readdirSync, statSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { partsText } from '../../lang/rego/compile/text.ts'
import type { SchemaDocuments } from '../../lang/rego/compile/types/schemas.ts'
import type { Location } from '../../lang/rego/syntax/ast.ts'
import { string, variable } from '../../lang/rego/syntax/terms.ts'
import type { Value } from '../../lang/rego/values/value.ts'
import { readDocument } from './files.ts'

const NOWHERE: Location = { file: '', row: 1, col: 1, start: 0, end: 0 }

/** A file is the schema of the input; of a folder each file has the name of its path: `a/pod.json` is `schema.a.pod`. */
export function loadSchemas(path: string | undefined): SchemaDocuments | undefined {
  if (path === undefined) return undefined
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return new Map([['schema', readDocument(path)]])
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(files.map(({ parentPath, name }): [string, Value] => entryOf(path, join(parentPath, name))))
}

function entryOf(root: string, file: string): [string, Value] {
  const path = relative(root, file)
  const names = path.slice(0, path.length - extname(path).length).split(sep)
  return [partsText([variable('schema', NOWHERE), ...names.map((name) => string(name, NOWHERE))]), readDocument(file)]
}
