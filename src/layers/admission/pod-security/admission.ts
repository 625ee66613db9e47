// Pod Security Admission: the answer that the API server's plugin gives to a request (k8s.io/pod-security-admission/admission).
import type { GroupVersionKind, KubernetesObject } from '../../../formats/kubernetes/object.ts'
import { quoteTerm } from '../../../lang/rego/values/text.ts'
import type { PodSecurityConfiguration } from './configuration.ts'
import { type CheckFailure, forbiddenDetail, judgePod, type PodVerdict } from './evaluate.ts'
import { textMap, whole } from './fields.ts'
import { compareLevels, type LevelVersion, levelVersionText, sameLevelVersion } from './level.ts'
import { existingPodWarnings } from './namespace-pods.ts'
import {
  errorsText,
  isEquivalent,
  isPrivileged,
  type LabelError,
  MODES,
  type Mode,
  type NamespacePolicy,
  namespacePolicy,
  PREFIX,
} from './namespace-policy.ts'
import type { Container, Pod } from './pod.ts'
import { hasPod, podOfResource } from './pod-source.ts'
import { forbidden, internalError, invalid, type Status } from './status.ts'

/** What is read of an AdmissionRequest, under its names. */
export interface PodSecurityRequest {
  readonly operation: string
  readonly kind: Pick<GroupVersionKind, 'group' | 'kind'>
  readonly resource: { readonly group: string; readonly resource: string }
  readonly subResource?: string
  readonly name?: string
  /** For a Namespace its own name. */
  readonly namespace?: string
  readonly userInfo?: { readonly username?: string }
  readonly object?: unknown
  readonly oldObject?: unknown
}

/** What is known of the cluster. */
export interface PodSecurityCluster {
  namespace(name: string): KubernetesObject | undefined
  pods(namespace: string): readonly KubernetesObject[]
  /** Whether the second is over that Kubernetes gives to the pods of a namespace. */
  late(): boolean
}

export interface PodSecurityResponse {
  readonly allowed: boolean
  /** Why not. */
  readonly status?: Status
  readonly warnings: readonly string[]
  /** Keys as the library has them; the API server puts `pod-security.kubernetes.io/` before them. */
  readonly auditAnnotations: Readonly<Record<string, string>>
  /** What the texts are made of. Where a request is forbidden, Kubernetes does not ask of what it would have warned. */
  readonly violations: readonly Violation[]
}

export interface Violation {
  readonly mode: Mode
  readonly policy: LevelVersion
  readonly failures: readonly CheckFailure[]
}

const ALLOWED: PodSecurityResponse = { allowed: true, warnings: [], auditAnnotations: {}, violations: [] }
const exempt = (by: string): PodSecurityResponse => ({ ...ALLOWED, auditAnnotations: { exempt: by } })

/** Any other is a pod that may have changed: `ephemeralcontainers`, `resize`, and what later versions may bring. */
const IGNORED_SUBRESOURCES = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status'])

/**
 * Operations other than CREATE and UPDATE, and resources without pods, are allowed unseen.
 * @throws ThymusError REVIEW, with the path of a field of a wrong type: the API server would not have decoded such an object.
 */
export function admit(
  request: PodSecurityRequest,
  configuration: PodSecurityConfiguration,
  cluster: PodSecurityCluster,
): PodSecurityResponse {
  const { group, resource } = request.resource
  if (request.operation !== 'CREATE' && request.operation !== 'UPDATE') return ALLOWED
  if (group === '' && resource === 'namespaces') return admitNamespace(request, configuration, cluster)
  return hasPod(group, resource) ? admitPod(request, configuration, cluster) : ALLOWED
}

/** Pods are held to what the namespace enforces; what makes pods is only audited and warned of. */
function admitPod(request: PodSecurityRequest, configuration: PodSecurityConfiguration, cluster: PodSecurityCluster): PodSecurityResponse {
  const { group, resource } = request.resource
  const { namespace = '', subResource = '' } = request
  const enforced = resource === 'pods'
  if (enforced ? IGNORED_SUBRESOURCES.has(subResource) : subResource !== '') return ALLOWED
  if (configuration.exemptions.namespaces.has(namespace)) return exempt('namespace')
  if (configuration.exemptions.usernames.has(request.userInfo?.username ?? '')) return exempt('user')

  const found = cluster.namespace(namespace)
  if (found === undefined) return namespaceUnknown(namespace, enforced)
  const { policy, errors } = namespacePolicy(labelsOf(found), configuration.defaults)
  if (errors.length === 0 && isPrivileged(policy, enforced ? MODES : ['audit', 'warn']))
    return enforced ? { ...ALLOWED, auditAnnotations: { 'enforce-policy': 'privileged:latest' } } : ALLOWED

  const pod = podOfResource(group, resource, request.object)
  if (pod === undefined) return ALLOWED
  if (enforced && request.operation === 'UPDATE' && !isSignificant(pod, podOfResource(group, resource, request.oldObject)!)) return ALLOWED
  if (configuration.exemptions.runtimeClasses.has(pod.runtimeClassName)) return exempt('runtimeClass')
  return judged(request, policy, errors, pod, configuration.clusterMinor, enforced)
}

function namespaceUnknown(namespace: string, enforced: boolean): PodSecurityResponse {
  const why = `failed to lookup namespace ${quoteTerm(namespace)}`
  const cause = `namespaces ${quoteTerm(namespace)} not found`
  if (!enforced) return { ...ALLOWED, auditAnnotations: { error: `${why}: ${cause}` } }
  const status = internalError(why)
  return { ...ALLOWED, allowed: false, status, auditAnnotations: { error: `${status.message}: ${cause}` } }
}

function judged(
  { resource, name = '' }: PodSecurityRequest,
  policy: NamespacePolicy,
  errors: readonly LabelError[],
  pod: Pod,
  clusterMinor: number,
  enforced: boolean,
): PodSecurityResponse {
  const auditAnnotations: Record<string, string> = {}
  if (errors.length > 0) auditAnnotations.error = `Failed to parse policy: ${errorsText(errors)}`
  const warnings: string[] = []
  const violations: Violation[] = []
  let status: Status | undefined
  const verdicts = new Map<string, PodVerdict>()
  for (const mode of MODES) {
    if (mode === 'enforce' ? !enforced : mode === 'warn' && status !== undefined) continue
    const level = levelVersionText(policy[mode])
    if (mode === 'enforce') auditAnnotations['enforce-policy'] = level
    const verdict = verdicts.get(level) ?? judgePod(policy[mode], pod, clusterMinor)
    verdicts.set(level, verdict)
    if (verdict.allowed) continue
    violations.push({ mode, policy: policy[mode], failures: verdict.failures })
    const what = `PodSecurity ${quoteTerm(level)}: ${forbiddenDetail(verdict)}`
    if (mode === 'enforce') status = forbidden(resource.group, resource.resource, name, `violates ${what}`)
    else if (mode === 'audit') auditAnnotations['audit-violations'] = `would violate ${what}`
    else warnings.push(`would violate ${what}`)
  }
  return { allowed: status === undefined, ...(status && { status }), warnings, auditAnnotations, violations }
}

/** Of what may change in a pod, images and new containers matter; annotations do not. */
function isSignificant(pod: Pod, old: Pod): boolean {
  for (const list of ['containers', 'initContainers'] as const) {
    const [now, before] = [of(pod, list), of(old, list)]
    if (now.length !== before.length || now.some(({ image }, at) => image !== before[at]!.image)) return true
  }
  const images = new Map<string, string>()
  for (const { name, image } of of(old, 'ephemeralContainers')) if (!images.has(name)) images.set(name, image)
  return of(pod, 'ephemeralContainers').some(({ name, image }) => images.get(name) !== image)
}

const of = (pod: Pod, list: Container['list']) => pod.containers.filter((container) => container.list === list)

const metadataOf = (namespace: unknown) => whole(namespace).object('metadata')
const labelsOf = (namespace: unknown) => textMap(metadataOf(namespace), 'labels')

function admitNamespace(
  request: PodSecurityRequest,
  configuration: PodSecurityConfiguration,
  cluster: PodSecurityCluster,
): PodSecurityResponse {
  if ((request.subResource ?? '') !== '') return ALLOWED
  const labels = labelsOf(request.object)
  const { policy, errors } = namespacePolicy(labels, configuration.defaults)
  const refused = () => ({ ...ALLOWED, allowed: false, status: invalid(request.kind.group, request.kind.kind, request.name ?? '', errors) })
  const exempted = configuration.exemptions.namespaces.has(request.namespace ?? '')
  const name = metadataOf(request.object).text('name')
  if (request.operation === 'CREATE') {
    if (errors.length > 0) return refused()
    return exempted ? exemptionWarning(name, policy, labels, configuration) : ALLOWED
  }

  const { policy: old, errors: oldErrors } = namespacePolicy(labelsOf(request.oldObject), configuration.defaults)
  // Labels that were wrong before may stay so.
  if (errors.length > 0 && errorsKey(errors) !== errorsKey(oldErrors)) return refused()
  const { enforce } = policy
  if (sameLevelVersion(enforce, old.enforce) || enforce.level === 'privileged') return ALLOWED
  if (enforce.version === old.enforce.version && compareLevels(enforce.level, old.enforce.level) < 1) return ALLOWED
  if (exempted) return exemptionWarning(name, policy, labels, configuration)
  return { ...ALLOWED, warnings: existingPodWarnings(name, cluster.pods(name), enforce, configuration, () => cluster.late()) }
}

const errorsKey = (errors: readonly LabelError[]) => errors.map(({ field, message }) => `${field}: ${message}`).join('\n')

/** Labels that nothing comes of are told of. */
function exemptionWarning(
  name: string,
  policy: NamespacePolicy,
  labels: ReadonlyMap<string, string>,
  { defaults }: PodSecurityConfiguration,
): PodSecurityResponse {
  if (isPrivileged(policy) || isEquivalent(policy, defaults)) return ALLOWED
  const said = MODES.filter(
    (mode) => policy[mode].level !== 'privileged' && (labels.has(PREFIX + mode) || labels.has(`${PREFIX}${mode}-version`)),
  ).map((mode) => `${mode}=${levelVersionText(policy[mode])}`)
  const warning = `namespace ${quoteTerm(name)} is exempt from Pod Security, and the policy (${said.join(', ')}) will be ignored`
  return { ...ALLOWED, warnings: [warning] }
}
