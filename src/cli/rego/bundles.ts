// What `-b` names: folders and archives, read and placed as opa does.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ThymusError } from '../../core/errors.ts'
import { type Bundle, type BundleOptions, readBundle } from '../../lang/rego/bundle/bundle.ts'
import { overlaps } from '../../lang/rego/bundle/manifest.ts'
import { mergeData } from '../../lang/rego/bundle/merge.ts'
import { ARCHIVE_LIMITS, type ArchiveFile, readArchive } from '../../lang/rego/bundle/tar.ts'
import { RegoObject } from '../../lang/rego/values/value.ts'
import type { Owner } from '../../server/opa/owners.ts'
import type { Source } from '../../server/opa/world.ts'

export interface LoadedBundles {
  /** By the bundle's name and the path within it, which to OPA begins with the folder's. */
  readonly sources: ReadonlyMap<string, Source>
  readonly data: RegoObject
  readonly owners: readonly Owner[]
}

/** Throws ThymusError BUNDLE, which names the bundle, and RegoRejected. */
export function loadBundles(paths: readonly string[], options: BundleOptions): LoadedBundles {
  const sources = new Map<string, Source>()
  const owners: Owner[] = []
  let data = new RegoObject()
  for (const name of paths) {
    const { modules, data: own, manifest } = named(name, () => readBundle(filesOf(name), options))
    const { roots, revision } = manifest
    for (const owner of owners)
      if (owner.roots.some((root) => roots.some((other) => overlaps(root, other))))
        throw new ThymusError('BUNDLE', `its roots overlap those of ${owner.name}`, { at: name })
    owners.push({ name, roots, revision })
    for (const [path, source] of modules) sources.set(`${name}/${isFolder(name) ? `${name.replace(/^\/+/, '')}/` : ''}${path}`, source)
    data = mergeData(data, own) as RegoObject
  }
  return { sources, data, owners }
}

function named(name: string, read: () => Bundle): Bundle {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ThymusError) || error.code !== 'BUNDLE') throw error
    throw new ThymusError('BUNDLE', error.message, { at: error.at === undefined ? name : `${name}: ${error.at}`, cause: error })
  }
}

function filesOf(name: string): readonly ArchiveFile[] {
  const found = statSync(name, { throwIfNoEntry: false })
  if (found === undefined) throw new ThymusError('USAGE', 'there is no such file', { at: name })
  if (isFolder(name)) return [...filesIn(name, '', { left: ARCHIVE_LIMITS.bytes })]
  if (found.size > ARCHIVE_LIMITS.bytes) throw new ThymusError('BUNDLE', `the archive is larger than ${ARCHIVE_LIMITS.bytes} bytes`)
  return readArchive(readFileSync(name))
}

const isFolder = (name: string) => statSync(name, { throwIfNoEntry: false })?.isDirectory() ?? false

/** A link is refused: it could lead out of the bundle. */
function* filesIn(root: string, folder: string, budget: { left: number }): Generator<ArchiveFile> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) yield* filesIn(root, path, budget)
    else if (!entry.isFile()) throw new ThymusError('BUNDLE', 'it is neither a file nor a folder', { at: path })
    else {
      budget.left -= statSync(join(root, path)).size
      if (budget.left < 0) throw new ThymusError('BUNDLE', `the bundle is larger than ${ARCHIVE_LIMITS.bytes} bytes`)
      yield { path, bytes: readFileSync(join(root, path)) }
    }
  }
}
