// Objects such as clusters have, generated: the same number gives the same object.
import type { Fields, KubernetesObject } from '../../src/formats/kubernetes/object.ts'

const TEAMS = ['payments', 'search', 'media', 'billing', 'identity']
const REGISTRIES = ['registry.example/team', 'openpolicyagent', 'k8s.gcr.io', 'nginx', 'docker.io/library']

/** `every` of them in a row have it, and then as many have not. */
const has = (at: number, every: number) => Math.floor(at / every) % 2 === 0

export function container(name: string, at: number): Fields {
  return {
    name,
    image: `${REGISTRIES[at % REGISTRIES.length]}/${name}:1.${at % 20}`,
    args: [`--listen=:${8000 + (at % 100)}`, '--log=json'],
    env: [
      { name: 'REGION', value: `eu-${at % 3}` },
      { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    ],
    ports: [{ containerPort: 8000 + (at % 100), protocol: 'TCP', ...(at % 11 === 0 ? { hostPort: 9000 + (at % 100) } : {}) }],
    resources: {
      requests: { cpu: `${50 + (at % 8) * 50}m`, memory: `${64 << (at % 5)}Mi` },
      ...(has(at, 3) ? { limits: { cpu: `${100 + (at % 8) * 100}m`, memory: `${128 << (at % 5)}Mi` } } : {}),
    },
    securityContext: {
      allowPrivilegeEscalation: !has(at, 2),
      readOnlyRootFilesystem: has(at, 4),
      runAsNonRoot: true,
      runAsUser: 1000 + (at % 10),
      privileged: at % 13 === 0,
      capabilities: { drop: ['ALL'], ...(at % 7 === 0 ? { add: ['NET_ADMIN'] } : {}) },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  }
}

const metadata = (kind: string, at: number) => ({
  name: `${kind}-${at}`,
  namespace: at % 4 === 0 ? 'default' : TEAMS[at % TEAMS.length]!,
  labels: { app: `app-${at % 500}`, ...(has(at, 5) ? { team: TEAMS[at % TEAMS.length]! } : {}) },
  annotations: has(at, 3) ? { 'example.com/owner': `${TEAMS[at % TEAMS.length]}@example.com` } : {},
})

const podSpec = (at: number, containers: number): Fields => ({
  serviceAccountName: `sa-${at % 20}`,
  automountServiceAccountToken: has(at, 6),
  hostNetwork: at % 17 === 0,
  containers: Array.from({ length: containers }, (_, n) => container(['web', 'proxy', 'log'][n % 3]!, at + n)),
  initContainers: has(at, 2) ? [container('init', at + 7)] : [],
  volumes: [
    { name: 'tmp', emptyDir: {} },
    ...(at % 5 === 0 ? [{ name: 'host', hostPath: { path: at % 2 === 0 ? '/var/log' : '/etc', type: 'Directory' } }] : []),
  ],
})

/** Three containers, and an init container with every second number. Some of it is as it should be, some is not. */
export function pod(at: number, containers = 3): KubernetesObject {
  const { namespace: _, ...named } = metadata('pod', at)
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...named, namespace: 'default' }, spec: podSpec(at, containers) }
}

/** One that neither the samples of gatekeeper-library nor policies/admission/baseline have anything against. */
export function goodPod(at: number, containers = 3): KubernetesObject {
  const spec = { ...podSpec(2 * at, containers), initContainers: [], hostNetwork: false, automountServiceAccountToken: false }
  const size = { cpu: '100m', memory: `${64 << (at % 5)}Mi`, 'ephemeral-storage': '100Mi' }
  const each = Array.from({ length: containers }, (_, n) => {
    const one = container(`web-${n}`, at + n)
    const security = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, privileged: false, capabilities: { drop: ['ALL'] } }
    return {
      ...one,
      image: `openpolicyagent/web-${n}:1.${at % 20}`,
      ports: [{ containerPort: 8000 + (at % 100) }],
      resources: { requests: size, limits: size },
      securityContext: { ...(one.securityContext as Fields), ...security },
    }
  })
  const securityContext = { runAsNonRoot: true, fsGroup: 50, supplementalGroups: [50] }
  const labels = { app: `app-${at % 500}`, env: 'test', pizza: 'margherita' }
  const volumes = [{ name: 'tmp', emptyDir: {} }]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${at}`, namespace: 'default', labels },
    spec: { ...spec, securityContext, containers: each, volumes },
  }
}

function deployment(at: number): KubernetesObject {
  const { labels, ...named } = metadata('deployment', at)
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...named, labels },
    spec: {
      replicas: at % 60,
      selector: { matchLabels: { app: labels.app } },
      template: { metadata: { labels }, spec: podSpec(at, 1 + (at % 3)) },
    },
  }
}

function service(at: number): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata('service', at),
    spec: {
      type: at % 9 === 0 ? 'LoadBalancer' : 'ClusterIP',
      selector: { app: `app-${at % 500}` },
      ports: [{ name: 'http', port: 80, targetPort: 8000 + (at % 100) }],
    },
  }
}

function ingress(at: number): KubernetesObject {
  const { annotations, ...named } = metadata('ingress', at)
  const host = `host-${at % 9 === 0 ? 0 : at}.example.com`
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { ...named, annotations: { ...annotations, ...(has(at, 2) ? { 'kubernetes.io/ingress.allow-http': 'false' } : {}) } },
    spec: {
      ...(has(at, 3) ? { tls: [{ hosts: [host], secretName: `tls-${at}` }] } : {}),
      rules: [
        {
          host,
          http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: `service-${at}`, port: { number: 80 } } } }] },
        },
      ],
    },
  }
}

/** Of twenty: ten Pods, five Deployments, four Services, one Ingress. */
export function objects(count: number): readonly KubernetesObject[] {
  return Array.from({ length: count }, (_, at) => {
    const turn = at % 20
    if (turn === 19) return ingress(at)
    if (turn >= 15) return service(at)
    if (turn >= 10) return deployment(at)
    return { ...pod(at, 1 + (at % 3)), metadata: metadata('pod', at) }
  })
}

/** A review as an API server sends it, of so many bytes, or a little more; its Pod has one container, or three from 4 KB on. */
export function reviewText(make: (at: number, containers: number) => KubernetesObject, at: number, bytes: number): string {
  const review = {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: `705ab4f5-6393-11e8-b7cc-${String(at).padStart(12, '0')}`,
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      requestKind: { group: '', version: 'v1', kind: 'Pod' },
      requestResource: { group: '', version: 'v1', resource: 'pods' },
      name: `pod-${at}`,
      namespace: 'default',
      operation: 'CREATE',
      userInfo: { username: 'system:serviceaccount:kube-system:replicaset-controller', uid: 'a', groups: ['system:serviceaccounts'] },
      object: make(at, bytes < 4096 ? 1 : 3),
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  }
  return fill(review, bytes)
}

/** Annotations are what real objects are large of. */
function fill(review: { readonly request: { readonly object: KubernetesObject } }, bytes: number): string {
  const annotations: Record<string, string> = {}
  const written = review.request.object
  const whole = () =>
    JSON.stringify({
      ...review,
      request: { ...review.request, object: { ...written, metadata: { ...(written.metadata as Fields), annotations } } },
    })
  let text = whole()
  for (let n = 0; text.length < bytes; n++) {
    annotations[`example.com/note-${n}`] = 'x'.repeat(Math.max(1, Math.min(120, bytes - text.length - 30)))
    text = whole()
  }
  return text
}
