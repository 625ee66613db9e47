// What `-d` and `-i` name: modules and documents, found and placed as opa does.
import { readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, extname, join } from 'node:path'
import { ThymusError } from '../../core/errors.ts'
import { mergeData } from '../../lang/rego/bundle/merge.ts'
import { DEFAULT_LIMITS, Runtime } from '../../lang/rego/codegen/runtime.ts'
import { readJson } from '../../lang/rego/values/text.ts'
import { RegoObject, type Value } from '../../lang/rego/values/value.ts'
import { readText } from '../files.ts'
import { surroundings } from './surroundings.ts'

export interface Loaded {
  /** By file name, in the order in which they were named. */
  readonly modules: Readonly<Record<string, string>>
  readonly data: RegoObject
}

const require = createRequire(import.meta.url)
/** Its library is as much code as the engine, and loaded for what is YAML alone. */
const yaml = (): typeof import('../../lang/rego/builtins/yaml/read.ts') => require('../../lang/rego/builtins/yaml/read.ts')

const DOCUMENTS = ['.json', '.yaml', '.yml']

/**
 * Reads files and folders; `a.b:FILE` puts a document below that path. `modulesOnly`: documents are left alone. Throws ThymusError USAGE
 * for what cannot be read.
 */
export function loadFiles(paths: readonly string[], { modulesOnly = false } = {}): Loaded {
  const modules: Record<string, string> = Object.create(null)
  let data: Value = new RegoObject()
  const take = (file: string, prefix: readonly string[]): void => {
    if (extname(file) === '.rego') modules[file] = readText(file)
    else if (!modulesOnly) data = merged(data, below(prefix, readDocument(file)), file)
  }
  for (const path of paths) {
    const [, dotted, rest] = /^((?:\w+\.)*\w+):(.+)$/.exec(path) ?? []
    const [file, prefix] = rest === undefined ? [path, []] : [rest, dotted!.split('.')]
    for (const found of filesUnder(file, prefix)) take(found.file, found.prefix)
  }
  return { modules, data: data as RegoObject }
}

/** A document by what its name ends with: JSON, or YAML. */
export function readDocument(file: string): Value {
  const text = readText(file)
  try {
    return extname(file) === '.json' ? readJson(text) : yaml().readYaml(new Runtime(DEFAULT_LIMITS, surroundings(), true), text)
  } catch (cause) {
    throw new ThymusError('FORMAT', cause instanceof Error ? cause.message : String(cause), { at: file, cause })
  }
}

const missing = (file: string) => new ThymusError('USAGE', 'there is no such file', { at: file })

/** In a folder the names of the folders below it are the path of a document, its own name is not. */
function filesUnder(root: string, prefix: readonly string[]): { readonly file: string; readonly prefix: readonly string[] }[] {
  if (root !== '-' && statSync(root, { throwIfNoEntry: false }) === undefined) throw missing(root)
  if (root === '-' || !isFolder(root)) return [{ file: root, prefix }]
  return readdirSync(root, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(root, entry.name)
      if (entry.name.startsWith('.')) return []
      if (isFolder(path)) return filesUnder(path, [...prefix, basename(path)])
      return extname(path) === '.rego' || DOCUMENTS.includes(extname(path)) ? [{ file: path, prefix }] : []
    })
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function below(prefix: readonly string[], value: Value): Value {
  return prefix.reduceRight((inner, name) => RegoObject.of([[name, inner]]), value)
}

function merged(a: Value, b: Value, file: string): Value {
  const both = mergeData(a, b)
  if (both !== undefined) return both
  throw new ThymusError('USAGE', 'two documents have something at the same place, and a document that is at the root must be an object', {
    at: file,
  })
}
