// What a generator will make (a Deployment its Pods), so that constraints can judge it beforehand (Gatekeeper: pkg/expansion).
import { z } from 'zod'
import { ThymusError } from '../../../core/errors.ts'
import { quote } from '../../../core/quote.ts'
import {
  apiVersionOf,
  type Fields,
  type GroupVersionKind,
  isFields,
  type KubernetesObject,
  kindOf,
  nameOf,
  namespaceOf,
  textAt,
  valueAt,
} from '../../../formats/kubernetes/object.ts'
import {
  type ApplyTo,
  appliesTo,
  applyTo,
  conform,
  envelope,
  kindsOf,
  kindText,
  problemAt,
  refuseTooMany,
  text,
} from './mutation/schema.ts'
import type { MutationSystem } from './mutation/system.ts'

export interface ExpansionTemplate {
  readonly name: string
  readonly applyTo: readonly ApplyTo[]
  /** Fields that lead to the template in the generator: `spec.template` is two. */
  readonly source: readonly string[]
  readonly generated: GroupVersionKind
  /** In place of what a constraint says; undefined leaves it. */
  readonly enforcementAction: string | undefined
}

export interface Resultant {
  readonly object: KubernetesObject
  readonly template: ExpansionTemplate
}

const GROUP = 'expansion.gatekeeper.sh'
const VERSIONS = ['v1beta1', 'v1alpha1']
/** No chain of templates is longer. */
const MAX_DEPTH = 30
/** Chains that fork make ever more objects: here is an end, where Gatekeeper has none. */
const MAX_RESULTANTS = 1000

const SCHEMA = z.strictObject({
  ...envelope,
  spec: z.strictObject({
    applyTo: z.array(applyTo).nonempty('must name the kinds that are expanded'),
    templateSource: z.string().min(1, 'must not be empty'),
    generatedGVK: z.strictObject({ group: text, version: text, kind: text }),
    enforcementAction: text,
  }),
})

/** Is it one that readExpansion reads, in whatever version? */
export function isExpansion(object: KubernetesObject): boolean {
  const { group, kind } = kindOf(object)
  return group === GROUP && kind === 'ExpansionTemplate'
}

/** @throws ThymusError MUTATOR: the first problem, its field in `at`. */
export function readExpansion(object: KubernetesObject): ExpansionTemplate {
  if (!isExpansion(object))
    throw new ThymusError('MUTATOR', `${quote(kindOf(object).kind)} is no ExpansionTemplate of ${GROUP}`, { at: 'kind' })
  if (!VERSIONS.includes(kindOf(object).version))
    throw new ThymusError('MUTATOR', `ExpansionTemplate has the versions ${VERSIONS.join(', ')}`, { at: 'apiVersion' })
  const { metadata, spec } = conform(SCHEMA, object)
  const { group, version, kind } = spec.generatedGVK
  const generated = { group: group ?? '', version: version ?? '', kind: kind ?? '' }
  if (isNothing(generated)) throw problemAt(['spec', 'generatedGVK'], 'must not be empty')
  const kinds = spec.applyTo.map((entry) => ({ groups: entry.groups ?? [], versions: entry.versions ?? [], kinds: entry.kinds ?? [] }))
  refuseTooMany(kinds)
  const own = kinds.findIndex((entry) => appliesTo(entry, generated))
  if (own >= 0) throw problemAt(['spec', 'applyTo', own], 'names the kind that the template generates')
  return {
    name: metadata.name,
    applyTo: kinds,
    source: spec.templateSource.split('.'),
    generated,
    enforcementAction: spec.enforcementAction || undefined,
  }
}

const isNothing = ({ group, version, kind }: GroupVersionKind) => group === '' && version === '' && kind === ''

export class Expander {
  readonly #byKind = new Map<string, ExpansionTemplate[]>()
  readonly #mutations: MutationSystem
  /** Names of templates that generate, by way of others, what they apply to: they are not applied. */
  readonly cycles: readonly string[]

  private constructor(templates: readonly ExpansionTemplate[], mutations: MutationSystem) {
    this.#mutations = mutations
    const cycles = inCycles(templates)
    this.cycles = templates.filter((template) => cycles.has(template)).map(({ name }) => name)
    for (const template of templates) {
      if (cycles.has(template)) continue
      for (const kind of new Set(template.applyTo.flatMap(kindsOf))) this.#byKind.set(kind, [...(this.#byKind.get(kind) ?? []), template])
    }
  }

  /** Kinds of objects that it expands. */
  get size(): number {
    return this.#byKind.size
  }

  /** Of two templates with one name the later counts. */
  static of(templates: readonly ExpansionTemplate[], mutations: MutationSystem): Expander {
    const byName = new Map(templates.map((template) => [template.name, template]))
    return new Expander(
      [...byName.values()].sort((one, other) => (one.name < other.name ? -1 : 1)),
      mutations,
    )
  }

  /**
   * All that the object will make, and what that will make: the last made first, else by the name of the template. Mutators for generated objects are applied.
   * @throws ThymusError MUTATOR: the object has no template where it should, or a mutator cannot be applied.
   */
  expand(object: KubernetesObject, namespace: KubernetesObject | undefined): readonly Resultant[] {
    const made: Resultant[] = []
    this.#expand(object, namespace, 0, made)
    return made
  }

  /** As gator expands what is in a file: where that names no namespace, what it makes is in none either, whatever its template says. */
  expandInFile(object: KubernetesObject, namespace: KubernetesObject | undefined): readonly Resultant[] {
    return this.expand(object, namespace ?? (namespaceOf(object) === '' ? {} : undefined))
  }

  #expand(object: KubernetesObject, namespace: KubernetesObject | undefined, depth: number, made: Resultant[]): void {
    if (depth >= MAX_DEPTH) throw new ThymusError('MUTATOR', `objects are expanded over more than ${MAX_DEPTH} levels`)
    const kind = kindOf(object)
    if (isNothing(kind)) throw new ThymusError('MUTATOR', 'an object without a kind cannot be expanded')
    if (this.#byKind.size === 0) return
    const resultants = (this.#byKind.get(kindText(kind)) ?? []).map((template) => {
      const resultant = generate(object, namespace, template)
      const mutated = this.#mutations.mutate({ object: resultant, namespace, source: 'Generated', operation: undefined })
      return { object: mutated.object, template }
    })
    for (const resultant of resultants) this.#expand(resultant.object, namespace, depth + 1, made)
    made.push(...resultants)
    if (made.length > MAX_RESULTANTS) throw new ThymusError('MUTATOR', `an object makes more than ${MAX_RESULTANTS} others`)
  }
}

/** Those that a chain of templates leads back to. */
function inCycles(templates: readonly ExpansionTemplate[]): ReadonlySet<ExpansionTemplate> {
  const takers = new Map<string, ExpansionTemplate[]>()
  for (const template of templates)
    for (const kind of new Set(template.applyTo.flatMap(kindsOf))) takers.set(kind, [...(takers.get(kind) ?? []), template])
  const next = ({ generated }: ExpansionTemplate) => takers.get(kindText(generated)) ?? []
  return new Set(
    templates.filter((template) => {
      const reached = new Set(next(template))
      for (const each of reached) for (const further of next(each)) reached.add(further)
      return reached.has(template)
    }),
  )
}

/** pkg/expansion, expandResource. */
function generate(parent: KubernetesObject, namespace: KubernetesObject | undefined, template: ExpansionTemplate): KubernetesObject {
  const path = template.source.join('.')
  const source = valueAt(parent, ...template.source)
  if (!isFields(source)) throw new ThymusError('MUTATOR', `${quote(template.name)} needs an object at ${quote(path)}`, { at: path })
  const own = namespace === undefined ? writtenNamespace(parent) : nameOf(namespace)
  const object: Fields = { ...source, apiVersion: apiVersionOf(template.generated), kind: template.generated.kind }
  const metadata = Object.hasOwn(object, 'metadata') ? object.metadata : {}
  // Metadata of another shape is left alone, as Gatekeeper leaves it.
  if (!isFields(metadata)) return object
  const name = nameOf(parent) + (template.generated.kind === '' ? '' : '-') + template.generated.kind
  const named = withText(metadata, 'name', name.toLowerCase())
  return { ...object, metadata: owned(own === undefined ? named : withText(named, 'namespace', own), parent) }
}

function writtenNamespace(object: KubernetesObject): string | undefined {
  const metadata = valueAt(object, 'metadata') ?? {}
  const namespace = valueAt(metadata, 'namespace')
  if (isFields(metadata) && (namespace === undefined || typeof namespace === 'string')) return namespace
  throw new ThymusError('MUTATOR', 'the namespace is no text', { at: 'metadata.namespace' })
}

/** An empty text is no field at all. */
function withText(metadata: Fields, field: string, text: string): Fields {
  const { [field]: _, ...rest } = metadata
  return text === '' ? rest : { ...rest, [field]: text }
}

function owned(metadata: Fields, parent: KubernetesObject): Fields {
  const owner = { apiVersion: textAt(parent, 'apiVersion'), kind: textAt(parent, 'kind'), name: nameOf(parent) }
  if (owner.apiVersion === '' || owner.kind === '' || owner.name === '') return metadata
  const written = Object.hasOwn(metadata, 'ownerReferences') ? metadata.ownerReferences : undefined
  const references = Array.isArray(written) && written.every(isFields) ? written.map(referenceOf) : []
  const there = references.some(
    ({ apiVersion, kind, name }) => apiVersion === owner.apiVersion && kind === owner.kind && name === owner.name,
  )
  return there ? metadata : { ...metadata, ownerReferences: [...references, { ...owner, uid: '' }] }
}

/** meta/v1 OwnerReference; other fields are lost. */
function referenceOf(reference: Fields) {
  const flags = ['controller', 'blockOwnerDeletion'].flatMap((field) => {
    const value = valueAt(reference, field)
    return typeof value === 'boolean' ? [[field, value] as const] : []
  })
  const [apiVersion, kind, name, uid] = ['apiVersion', 'kind', 'name', 'uid'].map((field) => textAt(reference, field)) as [
    string,
    string,
    string,
    string,
  ]
  return { apiVersion, kind, name, uid, ...Object.fromEntries(flags) }
}

/** A violation of a resultant as one of the object that will make it (pkg/expansion, aggregate.go). */
export function implied<Violation extends { readonly message: string; readonly actions: readonly string[] }>(
  { name, enforcementAction }: ExpansionTemplate,
  violation: Violation,
): Violation & { readonly impliedBy: string } {
  const actions = enforcementAction === undefined ? violation.actions : [enforcementAction]
  return { ...violation, message: `[Implied by ${name}] ${violation.message}`, actions, impliedBy: name }
}
