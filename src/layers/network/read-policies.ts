// The one door by which policies come in from files.
import { z } from 'zod'
import { ThymusError } from '../../core/errors.ts'
import type { Labels } from '../../core/labels.ts'
import type { Policy, Span } from '../../core/policy.ts'
import { quote } from '../../core/quote.ts'
import type { Mode, Namespaces } from '../../core/workload.ts'
import { parseYaml } from '../../formats/yaml/parse.ts'
import { readNamespace } from './namespace.ts'
import { readNetworkPolicy } from './network-policy.ts'
import { readNodePolicy } from './node-policy.ts'
import type { Part } from './problems.ts'
import { Problems } from './problems.ts'
import type { Written } from './rules.ts'
import { toPolicies } from './rules.ts'
import { conform } from './schema.ts'
import { readWorkloadPolicy } from './workload-policy.ts'

export interface PolicyFile {
  readonly policies: readonly Policy[]
  readonly namespaces: Namespaces
}

/**
 * The policies and namespaces of a YAML or JSON file of any number of documents; `kind: List` stands for its items.
 * `file` is the name for people. `mode` holds instead of what the file says; where neither says anything it is `observe`.
 * @throws ThymusError POLICY_SYNTAX, POLICY_KIND, POLICY_FIELD, POLICY_UNSUPPORTED or POLICY_LIMIT, with `file:line:column`. All that is wrong
 * with the fields of the file is in one error, a line each; then nothing of the file was taken.
 */
export function readPolicies(text: string | Uint8Array, file: string, { mode }: { readonly mode?: Mode } = {}): PolicyFile {
  const problems = new Problems(file)
  const written: Written[] = []
  const namespaces = new Map<string, Labels>()
  const seen = new Map<string, Span>()
  for (const part of partsOf(text, file, problems)) {
    const kind = kindOf(part, problems)
    if (kind === undefined) continue
    const found = KINDS[kind](part, problems)
    if (found === undefined) continue
    const id = 'policy' in found ? found.policy.id : `Namespace/${found.name}`
    const before = seen.get(id)
    if (before !== undefined) problems.add('POLICY_FIELD', part, ['metadata', 'name'], `${id} is also at line ${before.line}`)
    seen.set(id, problems.span(part))
    if ('policy' in found) written.push(mode === undefined ? found : { ...found, policy: { ...found.policy, mode } })
    else namespaces.set(found.name, found.labels)
  }
  problems.end()
  return { policies: toPolicies(written, file), namespaces }
}

const KINDS = {
  'networking.k8s.io/v1 NetworkPolicy': readNetworkPolicy,
  'thymus.dev/v1 WorkloadPolicy': readWorkloadPolicy,
  'thymus.dev/v1 NodePolicy': readNodePolicy,
  'v1 Namespace': readNamespace,
} as const
type Kind = keyof typeof KINDS

/** The objects of the file, those of lists one by one. */
function partsOf(text: string | Uint8Array, file: string, problems: Problems): readonly Part[] {
  const documents = parseYaml(text, file)
  if (documents.length === 0) throw new ThymusError('POLICY_SYNTAX', 'the file holds no document', { at: `${file}:1:1` })
  return documents.flatMap((document) => itemsOf({ document, path: [], value: document.value }, problems))
}

function itemsOf(part: Part, problems: Problems): readonly Part[] {
  const { document, path, value } = part
  if (!isObject(value) || value.kind !== 'List' || value.apiVersion !== 'v1') return [part]
  const items = conform(list, part, problems)?.items ?? []
  return items.flatMap((item, at) => itemsOf({ document, path: [...path, 'items', at], value: item }, problems))
}

const list = z.strictObject({ apiVersion: z.string(), kind: z.string(), metadata: z.unknown().optional(), items: z.array(z.unknown()) })

function kindOf(part: Part, problems: Problems): Kind | undefined {
  const { apiVersion, kind } = isObject(part.value) ? part.value : {}
  const name = `${apiVersion} ${kind}`
  if (Object.hasOwn(KINDS, name)) return name as Kind
  const taken = `taken are ${Object.keys(KINDS).join(', ')} and v1 List`
  if (typeof apiVersion !== 'string' || typeof kind !== 'string')
    problems.add('POLICY_KIND', part, [], `no object with apiVersion and kind; ${taken}`)
  else problems.add('POLICY_KIND', part, ['kind'], `${quote(name)} is not taken; ${taken}`)
  return undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
