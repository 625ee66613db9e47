// What judges judge by, wherever they do it: policies as they are written, and how they become a judge.
import { ThymusError, within } from '../../core/errors.ts'
import type { Sliced } from '../../core/slices.ts'
import { apiVersionOf, kindOf, namespaceOf } from '../../formats/kubernetes/object.ts'
import { type Attempt, Judge } from '../../layers/admission/judge.ts'
import { type Loaded, loadingAdmission } from '../../layers/admission/loading.ts'
import { type ManifestObject, readObjects, type SourceFile } from '../../layers/admission/manifests/document.ts'
import { NO_CONFIGURATION, type PodSecurityConfiguration, readConfiguration } from '../../layers/admission/pod-security/configuration.ts'
import { surroundings } from '../surroundings.ts'
import { ToldCluster } from './known-cluster.ts'

export interface Orders {
  readonly sources: readonly SourceFile[]
  /** `off`, a configuration, or undefined: that of the policies, else what the labels of namespaces say. */
  readonly podSecurity: 'off' | SourceFile | undefined
  /** Without a cluster, what is no policy is all that is known of one. */
  readonly isAlone: boolean
  /** Fields of violations are looked for: somebody reads them. */
  readonly locates: boolean
}

/** What was loaded. */
export interface Summary {
  readonly wanted: readonly { readonly apiVersion: string; readonly kind: string }[]
  readonly constraints: number
  readonly mutators: number
  readonly policies: number
  /** Kinds of objects that are expanded. */
  readonly expanded: number
  /** Objects that are no policies. */
  readonly others: number
}

export interface Ready {
  readonly judge: Judge
  /** To be told of changes, and that a question begins. */
  readonly cluster: ToldCluster
  readonly summary: Summary
}

const clock = () => performance.now()

/** Files are read one at a time, and policies. Throws the ThymusError of what is wrong. */
export function* loading({ sources, podSecurity, isAlone, locates }: Orders, attempt?: Attempt): Sliced<Ready> {
  const documents: ManifestObject[] = []
  for (const source of sources) {
    for (const object of readObjects(source).objects) documents.push(object)
    yield
  }
  const loaded = yield* loadingAdmission(documents, { surroundings })
  const cluster = new ToldCluster(loaded, clock, isAlone)
  const { library, expander, mutations, validating, wanted, others } = loaded
  if (isAlone) {
    for (const { object } of others) {
      const { kind, ...of } = kindOf(object)
      cluster.tell({ type: 'kind', apiVersion: apiVersionOf(of), kind, namespaced: namespaceOf(object) !== '' })
      cluster.tell({ type: 'put', object })
      yield
    }
  }
  const judge = new Judge({
    ...loaded,
    ...{ podSecurity: securityOf(podSecurity, loaded.podSecurity), cluster, locates, clock },
    ...(attempt === undefined ? {} : { attempt }),
  })
  const count = {
    constraints: library.constraints.length,
    mutators: mutations.size,
    expanded: expander.size,
    policies: validating.policies.length,
  }
  return {
    judge,
    cluster,
    summary: { ...count, wanted: wanted.map((kind) => ({ apiVersion: apiVersionOf(kind), kind: kind.kind })), others: others.length },
  }
}

function securityOf(given: Orders['podSecurity'], found: Loaded['podSecurity']): PodSecurityConfiguration | undefined {
  if (given === 'off') return undefined
  if (given === undefined) return found ?? NO_CONFIGURATION
  const [document, ...more] = readObjects(given).objects
  if (document === undefined || more.length > 0)
    throw new ThymusError('CONFIG', 'there must be one PodSecurityConfiguration', { at: given.file })
  return within(given.file, () => readConfiguration(document.object))
}
