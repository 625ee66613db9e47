// Everything that one configuration of admission says, from documents in whatever order they come: taken whole, or not at all.
import { type Code, ThymusError } from '../../core/errors.ts'
import { finish, type Sliced } from '../../core/slices.ts'
import { apiVersionOf, type GroupVersionKind, type KubernetesObject, kindOf, nameOf, namespaceOf } from '../../formats/kubernetes/object.ts'
import { type FieldPath, parseFieldPath } from './field-path.ts'
import { type GatekeeperConfig, isConfig, readConfig } from './gatekeeper/config.ts'
import { isConstraint } from './gatekeeper/constraint.ts'
import { Expander, isExpansion, readExpansion } from './gatekeeper/expansion.ts'
import { Library, type LibraryOptions } from './gatekeeper/library.ts'
import { isMutator, readMutator } from './gatekeeper/mutation/read.ts'
import { MutationSystem } from './gatekeeper/mutation/system.ts'
import { isSuite, withoutSamples } from './gatekeeper/suite.ts'
import { isTemplate } from './gatekeeper/template.ts'
import type { ManifestObject } from './manifests/document.ts'
import { type PodSecurityConfiguration, readConfiguration } from './pod-security/configuration.ts'
import type { PolicySet } from './validating-policy/judge.ts'
import { readBinding, readPolicy } from './validating-policy/read.ts'

export interface Loaded {
  readonly library: Library
  readonly expander: Expander
  readonly mutations: MutationSystem
  readonly config: GatekeeperConfig
  readonly podSecurity: PodSecurityConfiguration | undefined
  readonly validating: PolicySet
  /** Kinds of which policies want to know every object: `data.inventory`, and the parameters of Kubernetes' own policies. */
  readonly wanted: readonly GroupVersionKind[]
  /** What is no policy, nor an object of a suite of tests: without a cluster, all that is known of one. */
  readonly others: readonly ManifestObject[]
}

type Sort = 'template' | 'constraint' | 'mutator' | 'expansion' | 'config' | 'podSecurity' | 'policy' | 'binding' | 'suite' | 'other'
type PolicySort = Exclude<Sort, 'suite' | 'other'>
const CODE_OF: Readonly<Record<PolicySort, Code>> = {
  template: 'TEMPLATE',
  constraint: 'CONSTRAINT',
  mutator: 'MUTATOR',
  expansion: 'MUTATOR',
  config: 'CONFIG',
  podSecurity: 'CONFIG',
  policy: 'ADMISSION_POLICY',
  binding: 'ADMISSION_POLICY',
}

/** Throws one ThymusError for the first thing that is wrong: `at` is `file:line:column` and what its reader says of the place. */
export const loadAdmission = (documents: readonly ManifestObject[], options: LibraryOptions): Loaded =>
  finish(loadingAdmission(documents, options))

/** The same, a template, a constraint, a mutator or a policy of Kubernetes at a time: those are many, or take long. */
export function* loadingAdmission(documents: readonly ManifestObject[], options: LibraryOptions): Sliced<Loaded> {
  const taken = withoutSamples(documents, isPolicy)
  const sorted = Map.groupBy(taken, ({ object }) => sortOf(object))
  const of = (sort: Sort) => sorted.get(sort) ?? []
  refuseTwice(taken.filter(({ object }) => isPolicy(object)))
  const library = new Library(options)
  yield
  yield* each(of('template'), ({ object }) => library.addTemplate(object))
  yield* each(of('constraint'), ({ object }) => library.addConstraint(object))
  const mutations = yield* mutationsOf(of('mutator'))
  const configs = of('config').map((each) => placed(each, () => readConfig(each.object)))
  const [security, second] = of('podSecurity')
  if (second !== undefined) placed(second, () => refuse('podSecurity', `there is another in ${security!.file}`))
  const validating = {
    policies: yield* each(of('policy'), ({ object }) => readPolicy(object)),
    bindings: yield* each(of('binding'), ({ object }) => readBinding(object)),
  }
  const synced = configs.flatMap((config) => config.synced)
  const params = validating.policies.flatMap(({ paramKind }) => (paramKind === undefined ? [] : [kindOf({ ...paramKind })]))
  return {
    library,
    expander: expanderOf(of('expansion'), mutations),
    mutations,
    config: { synced, excluded: configs.flatMap(({ excluded }) => excluded) },
    podSecurity: security && placed(security, () => readConfiguration(security.object)),
    validating,
    wanted: [...new Map([...synced, ...params].map((kind) => [`${apiVersionOf(kind)} ${kind.kind}`, kind])).values()],
    others: of('other'),
  }
}

function* each<T>(documents: readonly ManifestObject[], read: (document: ManifestObject) => T): Sliced<readonly T[]> {
  const found: T[] = []
  for (const document of documents) {
    found.push(placed(document, () => read(document)))
    yield
  }
  return found
}

function sortOf(object: KubernetesObject): Sort {
  if (isTemplate(object)) return 'template'
  if (isConstraint(object)) return 'constraint'
  if (isMutator(object)) return 'mutator'
  if (isExpansion(object)) return 'expansion'
  if (isConfig(object)) return 'config'
  if (isSuite(object)) return 'suite'
  const { group, kind } = kindOf(object)
  if (group === 'pod-security.admission.config.k8s.io') return 'podSecurity'
  if (group !== 'admissionregistration.k8s.io') return 'other'
  return kind === 'ValidatingAdmissionPolicy' ? 'policy' : kind === 'ValidatingAdmissionPolicyBinding' ? 'binding' : 'other'
}

const isPolicy = (object: KubernetesObject) => !['suite', 'other'].includes(sortOf(object))

function* mutationsOf(documents: readonly ManifestObject[]): Sliced<MutationSystem> {
  const mutators = yield* each(documents, ({ object }) => readMutator(object))
  const mutations = MutationSystem.of(mutators)
  for (const [at, { id }] of mutators.entries()) {
    const others = mutations.conflicts.get(`${id.kind}/${id.namespace}/${id.name}`)
    if (others !== undefined) placed(documents[at]!, () => refuse('mutator', `${id.kind} ${id.name} contradicts ${others.join(', ')}`))
  }
  return mutations
}

function expanderOf(documents: readonly ManifestObject[], mutations: MutationSystem): Expander {
  const expander = Expander.of(
    documents.map((each) => placed(each, () => readExpansion(each.object))),
    mutations,
  )
  const cyclic = documents.find(({ object }) => expander.cycles.includes(nameOf(object)))
  if (cyclic !== undefined) placed(cyclic, () => refuse('expansion', 'it leads back to what it applies to'))
  return expander
}

function refuseTwice(documents: readonly ManifestObject[]): void {
  const seen = new Map<string, ManifestObject>()
  for (const each of documents) {
    const { group, kind } = kindOf(each.object)
    const key = JSON.stringify([group, kind, namespaceOf(each.object), nameOf(each.object)])
    const before = seen.get(key)
    const sort = sortOf(each.object) as PolicySort
    if (before !== undefined) placed(each, () => refuse(sort, `${kind} ${nameOf(each.object)} is also in ${where(before, [])}`))
    seen.set(key, each)
  }
}

function refuse(sort: PolicySort, text: string): never {
  throw new ThymusError(CODE_OF[sort], text)
}

function placed<T>(each: ManifestObject, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof ThymusError)) throw cause
    const { code, message, at } = cause
    const about = at === undefined ? [] : [at]
    throw new ThymusError(code, message, { at: [where(each, pathIn(each.object, cause)), ...about].join(', '), cause })
  }
}

function where({ place }: ManifestObject, path: FieldPath): string {
  const { file, line, column } = place(path)
  return `${file}:${line}:${column}`
}

/** The field that an error names as its place, or at the beginning of its text. */
function pathIn(object: KubernetesObject, { at = '', message }: ThymusError): FieldPath {
  const [word = ''] = message.split(/[ ,]/, 1)
  for (const text of [at.replace(/(?::\d+)+$/, ''), word.replace(/:$/, '')]) {
    const path = parseFieldPath(text)
    if (path !== undefined && path.length > 0 && Object.hasOwn(object, path[0]!)) return path
  }
  return []
}
