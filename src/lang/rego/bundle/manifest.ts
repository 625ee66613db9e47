// `.manifest`: what a bundle says of itself.
import { z } from 'zod'
import { ThymusError } from '../../../core/errors.ts'
import type { RegoVersion } from '../syntax/ast.ts'

const version = z.union([z.literal(0), z.literal(1)])
/** What is not here is passed over, as OPA does. */
const MANIFEST = z.object({
  revision: z.string().default(''),
  roots: z.array(z.string()).nullish(),
  rego_version: version.nullish(),
  file_rego_versions: z.record(z.string(), version).nullish(),
  wasm: z.array(z.unknown()).nullish(),
})

export interface Manifest {
  readonly revision: string
  /** `a/b`, without slashes around; an empty one is everything. */
  readonly roots: readonly string[]
  readonly regoVersion: RegoVersion | undefined
  /** By globs of paths. */
  readonly fileVersions: readonly (readonly [string, RegoVersion])[]
}

export const NO_MANIFEST: Manifest = { revision: '', roots: [''], regoVersion: undefined, fileVersions: [] }

/** Throws ThymusError BUNDLE. */
export function readManifest(text: string): Manifest {
  const parsed = MANIFEST.safeParse(parseJson(text))
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!
    throw new ThymusError('BUNDLE', message, { at: ['.manifest', ...path].join('.') })
  }
  const { revision, roots, rego_version, file_rego_versions, wasm } = parsed.data
  if ((wasm ?? []).length > 0) throw new ThymusError('BUNDLE', 'a bundle with WebAssembly is not taken', { at: '.manifest.wasm' })
  const trimmed = (roots ?? ['']).map((root) => root.replace(/^\/+|\/+$/g, ''))
  trimmed.forEach((root, at) => {
    const other = trimmed.find((each, n) => n < at && overlaps(each, root))
    if (other !== undefined)
      throw new ThymusError('BUNDLE', `the roots ${quoted(other)} and ${quoted(root)} overlap`, { at: '.manifest.roots' })
  })
  const files = Object.entries(file_rego_versions ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return {
    revision,
    roots: trimmed,
    regoVersion: rego_version === undefined || rego_version === null ? undefined : VERSIONS[rego_version],
    fileVersions: files.map(([glob, number]) => [glob, VERSIONS[number]]),
  }
}

const VERSIONS = { 0: 'v0', 1: 'v1' } as const
const quoted = (root: string) => JSON.stringify(root)

/** Whether a root contains a path, or is it. */
export function contains(root: string, path: readonly string[]): boolean {
  return root === '' || root.split('/').every((part, at) => part === path[at])
}

/** Whether one of two roots contains the other. */
export const overlaps = (a: string, b: string) => contains(a, partsOf(b)) || contains(b, partsOf(a))

export const partsOf = (root: string): readonly string[] => (root === '' ? [] : root.split('/'))

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ThymusError('BUNDLE', 'it is no JSON', { at: '.manifest', cause })
  }
}
