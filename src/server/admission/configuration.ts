// What a cluster is told of the webhook (k8s.io/api admissionregistration/v1), and how its copy of our authorities is kept up to date.
import type { Fields, KubernetesObject } from '../../formats/kubernetes/object.ts'
import type { FailMode, WebhookName } from './webhook.ts'

export interface Rule {
  readonly apiGroups: readonly string[]
  readonly apiVersions: readonly string[]
  readonly resources: readonly string[]
  readonly operations: readonly ('CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT' | '*')[]
  readonly scope?: 'Cluster' | 'Namespaced' | '*'
}

export interface ConfigurationOptions {
  readonly name: string
  /** A Service of the cluster, or an address outside of it: `https://HOST:PORT`. */
  readonly at:
    | { readonly service: { readonly namespace: string; readonly name: string; readonly port?: number } }
    | { readonly url: string }
  /** PEM. */
  readonly bundle: string
  readonly failMode: Readonly<Record<WebhookName, FailMode>>
  /** 1 to 30. */
  readonly timeoutSeconds?: number
  /** Namespaces that are never asked about: the webhook's own above all, lest it stands in its own way. */
  readonly exemptNamespaces?: readonly string[]
  /** Namespaces with this label are not asked about either. */
  readonly exemptLabel?: string
  readonly rules?: readonly Rule[]
  /** What mutators are about; none: there is no configuration for them. */
  readonly mutated?: readonly Rule[]
}

const DEFAULT_TIMEOUT = 3
const EXEMPT = ['kube-system']
/** The label is set by the API server itself, so nobody can leave it out or lie. */
const NAME_LABEL = 'kubernetes.io/metadata.name'
/** Subresources are named, as `*` leaves them out: those of which Gatekeeper has itself told, but for `pods/log`, which is only read. */
const SUBRESOURCES = [
  ...['attach', 'binding', 'ephemeralcontainers', 'eviction', 'exec', 'portforward', 'proxy', 'resize'].map((name) => `pods/${name}`),
  ...['deployments', 'replicasets', 'replicationcontrollers', 'statefulsets'].map((name) => `${name}/scale`),
  ...['nodes/proxy', 'services/proxy', 'services/status'],
]

/** @param deletes also what goes: a template that does not look at the operation then keeps what breaks it from being deleted */
export const everything = (deletes: boolean): readonly Rule[] => [
  {
    apiGroups: ['*'],
    apiVersions: ['*'],
    resources: ['*', ...SUBRESOURCES],
    // Of proxies, and of what is run in pods, the operation is CONNECT.
    operations: ['CREATE', 'UPDATE', 'CONNECT', ...(deletes ? (['DELETE'] as const) : [])],
    scope: '*',
  },
]

/** The objects to apply: ValidatingWebhookConfiguration, and MutatingWebhookConfiguration where anything is mutated. */
export function webhookConfigurations(options: ConfigurationOptions): readonly KubernetesObject[] {
  const { rules = everything(false), mutated = [] } = options
  const all: KubernetesObject[] = [configuration('Validating', 'validate', '/v1/admit', rules, options)]
  // Asked again where a later one has changed the object, so that the order of webhooks decides nothing.
  if (mutated.length > 0)
    all.unshift(configuration('Mutating', 'mutate', '/v1/mutate', mutated, options, { reinvocationPolicy: 'IfNeeded' }))
  return all
}

function configuration(
  kind: 'Validating' | 'Mutating',
  webhook: WebhookName,
  path: string,
  rules: readonly Rule[],
  { name, at, bundle, failMode, timeoutSeconds = DEFAULT_TIMEOUT, exemptNamespaces = EXEMPT, exemptLabel }: ConfigurationOptions,
  more: Fields = {},
): KubernetesObject {
  const address = 'url' in at ? { url: `${at.url}${path}` } : { service: { ...at.service, path } }
  const exempt = [
    ...(exemptNamespaces.length === 0 ? [] : [{ key: NAME_LABEL, operator: 'NotIn', values: exemptNamespaces }]),
    ...(exemptLabel === undefined ? [] : [{ key: exemptLabel, operator: 'DoesNotExist' }]),
  ]
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: `${kind}WebhookConfiguration`,
    metadata: { name },
    webhooks: [
      {
        name: `${webhook}.admission.thymus.dev`,
        clientConfig: { ...address, caBundle: encoded(bundle) },
        rules,
        failurePolicy: failMode[webhook],
        timeoutSeconds,
        // What is asked for under another version or group of the API is converted, and asked about too.
        matchPolicy: 'Equivalent',
        // Of a dry run there is a line in the log, marked as one, and nothing else.
        sideEffects: 'NoneOnDryRun',
        admissionReviewVersions: ['v1', 'v1beta1'],
        ...(exempt.length === 0 ? {} : { namespaceSelector: { matchExpressions: exempt } }),
        ...more,
      },
    ],
  }
}

export interface ClusterPort {
  /** Changes fields of an object by a JSON patch. Rejects where the cluster does not take it. */
  patch(object: { readonly apiVersion: string; readonly kind: string; readonly name: string }, patch: readonly object[]): Promise<void>
}

/** Puts the authorities into configurations that `webhookConfigurations` made. Rejects where one of them could not be changed. */
export async function publishBundle(cluster: ClusterPort, configurations: readonly KubernetesObject[], bundle: string): Promise<void> {
  for (const object of configurations) {
    const { apiVersion, kind, metadata, webhooks } = object as unknown as Published
    const patch = webhooks.map((_, at) => ({ op: 'replace', path: `/webhooks/${at}/clientConfig/caBundle`, value: encoded(bundle) }))
    await cluster.patch({ apiVersion, kind, name: metadata.name }, patch)
  }
}

interface Published {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly webhooks: readonly unknown[]
}

const encoded = (pem: string) => Buffer.from(pem).toString('base64')
