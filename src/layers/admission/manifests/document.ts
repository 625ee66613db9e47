// The objects of a file that would be deployed, each with the places of its fields.
import { ThymusError } from '../../../core/errors.ts'
import type { Span } from '../../../core/policy.ts'
import { type Manifest, readManifests } from '../../../formats/kubernetes/manifest.ts'
import { isFields, type KubernetesObject, kindOf, textAt } from '../../../formats/kubernetes/object.ts'
import type { FieldPath } from '../field-path.ts'

export interface SourceFile {
  /** As people know it. */
  readonly file: string
  readonly text: string
  /** By whoever asks, rather than found in a folder. */
  readonly isNamed?: boolean
}

export interface ManifestObject {
  readonly object: KubernetesObject
  readonly file: string
  readonly isNamed: boolean
  /** Where a renderer says that it comes from: `# Source: chart/templates/web.yaml` of Helm; empty where nobody says. */
  readonly source: string
  /** Where a field is written; where there is none, the nearest around it. */
  place(path: FieldPath): Span
}

export interface Documents {
  /** Documents that were read, a list being one. */
  readonly count: number
  readonly objects: readonly ManifestObject[]
  /** Documents and items of lists that are no objects of Kubernetes: values of a chart, a compose file. */
  readonly skipped: number
}

/** Read by programs on the way to a cluster, not by the cluster. */
const LOCAL_GROUPS = ['kustomize.config.k8s.io']

/** Lists are taken apart, typed ones too. Throws ThymusError MANIFEST with `file:line:column`. */
export function readObjects({ file, text, isNamed = false }: SourceFile): Documents {
  const lines = text.split('\n')
  const objects: ManifestObject[] = []
  let skipped = 0
  const manifests = manifestsOf(plainEscapes(text), file)
  for (const manifest of manifests) {
    const source = sourceAbove(lines, manifest.place([]).line)
    const take = (value: unknown, at: FieldPath, usual: KubernetesObject): void => {
      const object = isFields(value) ? { ...usual, ...value } : {}
      if (!isDeployed(object)) skipped++
      else if (isList(object)) {
        const itemKind = kindOf(object).kind.slice(0, -'List'.length)
        // Items of a typed list need not say again what they are.
        const said = itemKind === '' ? {} : { apiVersion: object.apiVersion, kind: itemKind }
        for (const [index, item] of object.items.entries()) take(item, [...at, 'items', index], said)
      } else objects.push({ object, file, isNamed, source, place: (path) => ({ file, ...manifest.place([...at, ...path]) }) })
    }
    take(manifest.object, [], {})
  }
  return { count: manifests.length, objects, skipped }
}

/** Escapes of JSON that YAML 1.1 does not know: a slash, and a character beyond the basic plane as two. Lines stay as they are. */
function plainEscapes(text: string): string {
  if (!/^\s*[{[]/.test(text) || !/\\(u[dD]|\/)/.test(text) || !isJson(text)) return text
  return text.replace(/\\(?:u([dD][89abAB]\w\w)\\u([dD][c-fC-F]\w\w)|.)/g, (whole, high?: string, low?: string) => {
    if (high === undefined) return whole === '\\/' ? '/' : whole
    return String.fromCharCode(Number.parseInt(high, 16), Number.parseInt(low!, 16))
  })
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function manifestsOf(text: string, file: string): readonly Manifest[] {
  try {
    return readManifests(text, file)
  } catch (error) {
    if (!(error instanceof ThymusError) || !/\{\{-?\s*[.\w(]/.test(text)) throw error
    const message = `${error.message}; it looks like a template: scan what it renders, as in helm template CHART | thymus scan manifests -`
    throw new ThymusError('MANIFEST', message, { ...(error.at === undefined ? {} : { at: error.at }), cause: error })
  }
}

function isDeployed(object: KubernetesObject): boolean {
  const { group, version, kind } = kindOf(object)
  return version !== '' && kind !== '' && !LOCAL_GROUPS.includes(group)
}

function isList(object: KubernetesObject): object is KubernetesObject & { readonly items: readonly unknown[] } {
  return textAt(object, 'kind').endsWith('List') && Array.isArray(object.items)
}

/** Of the comments directly above a document, the last that names a source. `line`: of the document, from 1. */
function sourceAbove(lines: readonly string[], line: number): string {
  for (let at = line - 2; at >= 0; at--) {
    const text = lines[at]!.trim()
    const [, source] = /^# Source: (.+)$/.exec(text) ?? []
    if (source !== undefined) return source
    if (text !== '' && !text.startsWith('#')) return ''
  }
  return ''
}
