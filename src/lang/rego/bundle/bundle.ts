// Bundles: policies and data that belong together, as OPA packs them.
import { ThymusError } from '../../../core/errors.ts'
import { matchesGlob } from '../builtins/glob.ts'
import { readYaml } from '../builtins/yaml/read.ts'
import { DEFAULT_LIMITS, Runtime, type Surroundings } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import type { RegoVersion } from '../syntax/ast.ts'
import { parseModule } from '../syntax/module.ts'
import { readJson } from '../values/text.ts'
import { RegoObject, type Value } from '../values/value.ts'
import { contains, type Manifest, NO_MANIFEST, partsOf, readManifest } from './manifest.ts'
import { mergeData } from './merge.ts'
import { checkFile, type SignedFile, type Verification, verifySignature } from './signature.ts'
import type { ArchiveFile } from './tar.ts'

export interface Bundle {
  readonly manifest: Manifest
  /** By path within the bundle. */
  readonly modules: ReadonlyMap<string, { readonly text: string; readonly version: RegoVersion }>
  readonly data: RegoObject
}

export interface BundleOptions {
  /** Of modules whose bundle does not say. */
  readonly version: RegoVersion
  /** 'skip' takes signed bundles unverified; undefined takes none that is signed. */
  readonly verification?: Verification | 'skip' | undefined
  readonly surroundings: Surroundings
}

const SIGNATURES = '.signatures.json'
const MANIFEST = '.manifest'

/** Reads the files of a bundle. Throws ThymusError BUNDLE, and RegoRejected for a module that is none. */
export function readBundle(files: readonly ArchiveFile[], options: BundleOptions): Bundle {
  const named = new Map(files.map(({ path, bytes }) => [path, bytes]))
  for (const unknown of ['patch.json', 'policy.wasm', 'manifest.pb', '.manifest.pb'])
    if (named.has(unknown)) throw new ThymusError('BUNDLE', 'this kind of bundle is not taken', { at: unknown })
  for (const path of named.keys())
    if (path.endsWith(`/${MANIFEST}`) || path.endsWith(`/${SIGNATURES}`))
      throw new ThymusError('BUNDLE', 'it stands at the root of a bundle', { at: path })
  const documents = new Map(files.filter(({ path }) => isDocument(path)).map((file) => [file.path, readDocument(file, options)]))
  verify(named, documents, options)
  const manifestBytes = named.get(MANIFEST)
  const manifest = manifestBytes === undefined ? NO_MANIFEST : readManifest(textOf(MANIFEST, manifestBytes))
  const data = [...documents].filter(([path]) => path !== MANIFEST).reduce(insert, new RegoObject())
  checkRoots(data, [], manifest.roots)
  const modules = new Map<string, { text: string; version: RegoVersion }>()
  for (const { path, bytes } of files) {
    if (!path.endsWith('.rego')) continue
    const source = { text: textOf(path, bytes), version: versionOf(path, manifest, options) }
    checkPackage(path, source, manifest.roots)
    modules.set(path, source)
  }
  return { manifest, modules, data }
}

function verify(
  named: ReadonlyMap<string, Buffer>,
  documents: ReadonlyMap<string, Value>,
  { verification, surroundings }: BundleOptions,
): void {
  const signatures = named.get(SIGNATURES)
  if (verification === 'skip') return
  if (signatures === undefined) {
    if (verification === undefined) return
    throw new ThymusError('BUNDLE', 'the bundle is not signed', { at: SIGNATURES })
  }
  if (verification === undefined)
    throw new ThymusError('BUNDLE', 'the bundle is signed, and there is no key to verify it by', { at: SIGNATURES })
  const left = new Map<string, SignedFile>(verifySignature(textOf(SIGNATURES, signatures), verification, surroundings))
  for (const [path, bytes] of named) {
    if (path === SIGNATURES) continue
    const signed = left.get(path)
    if (signed === undefined) throw new ThymusError('BUNDLE', 'the file is not among those that were signed', { at: path })
    const document = documents.get(path)
    checkFile(path, document === undefined ? bytes : document, signed)
    left.delete(path)
  }
  const [missing] = left.keys()
  if (missing !== undefined) throw new ThymusError('BUNDLE', 'the file was signed, and is not there', { at: missing })
}

const isDocument = (path: string) => /(?:^|\/)data\.(?:json|yaml|yml)$/.test(path) || path === MANIFEST

function readDocument({ path, bytes }: ArchiveFile, { surroundings }: BundleOptions): Value {
  const text = textOf(path, bytes)
  try {
    return /\.ya?ml$/.test(path) ? readYaml(new Runtime(DEFAULT_LIMITS, surroundings, true), text) : readJson(text)
  } catch (cause) {
    throw new ThymusError('BUNDLE', cause instanceof Error ? cause.message : String(cause), { at: path, cause })
  }
}

/** Puts a document below the folder in which its file is. */
function insert(data: RegoObject, [path, value]: readonly [string, Value]): RegoObject {
  const whole = path
    .split('/')
    .slice(0, -1)
    .reduceRight<Value>((inner, name) => RegoObject.of([[name, inner]]), value)
  const merged = mergeData(data, whole)
  if (!(merged instanceof RegoObject))
    throw new ThymusError('BUNDLE', 'its data is in the place of other data, or is no object at the root', { at: path })
  return merged
}

function checkRoots(value: Value, path: readonly string[], roots: readonly string[]): void {
  if (roots.some((root) => contains(root, path))) return
  if (!(value instanceof RegoObject) || !roots.some((root) => path.every((part, at) => part === partsOf(root)[at])))
    throw new ThymusError('BUNDLE', 'the roots of the manifest do not have the place of this data', { at: `data.${path.join('.')}` })
  for (const [key, inner] of value.entries()) checkRoots(inner, [...path, String(key)], roots)
}

function checkPackage(path: string, { text, version }: { text: string; version: RegoVersion }, roots: readonly string[]): void {
  const { parts } = parseModule(path, text, { version }).package.path
  const names = parts.slice(1).map((part) => (part.kind === 'string' ? part.value : ''))
  if (!roots.some((root) => contains(root, names)))
    throw new ThymusError('BUNDLE', `the roots of the manifest do not have the package ${names.join('.')}`, { at: path })
}

/** Globs are of the path with a slash before it. */
function versionOf(path: string, { regoVersion, fileVersions }: Manifest, { version }: BundleOptions): RegoVersion {
  try {
    return fileVersions.find(([glob]) => matchesGlob(glob, [], `/${path}`))?.[1] ?? regoVersion ?? version
  } catch (cause) {
    if (!(cause instanceof BuiltinError)) throw cause
    throw new ThymusError('BUNDLE', cause.message, { at: '.manifest.file_rego_versions', cause })
  }
}

function textOf(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new ThymusError('BUNDLE', 'not text in UTF-8', { at: path, cause })
  }
}
