// Requests that a seed decides, with the cluster that they meet.
import type { Random } from '../../kit/random.ts'
import { PodMaker } from './pods.ts'

type Json = Record<string, unknown>

const PREFIX = 'pod-security.kubernetes.io/'
/** Group, kind, resource. */
type Kind = readonly [string, string, string]
const CONTROLLERS: readonly Kind[] = [
  ['apps', 'Deployment', 'deployments'],
  ['apps', 'ReplicaSet', 'replicasets'],
  ['apps', 'StatefulSet', 'statefulsets'],
  ['apps', 'DaemonSet', 'daemonsets'],
  ['batch', 'Job', 'jobs'],
  ['batch', 'CronJob', 'cronjobs'],
  ['', 'ReplicationController', 'replicationcontrollers'],
  ['', 'PodTemplate', 'podtemplates'],
]
const OTHERS: readonly Kind[] = [
  ['apps', 'Deployment', 'pods'],
  ['', 'Pod', 'services'],
]
const POD_SUBRESOURCES = [
  '',
  '',
  '',
  '',
  'ephemeralcontainers',
  'resize',
  'status',
  'exec',
  'attach',
  'binding',
  'eviction',
  'log',
  'proxy',
  'other',
]

export interface RequestCase {
  readonly request: Json & { readonly namespace: string }
  readonly configuration: Json
  readonly namespaces: readonly Json[]
  readonly pods: readonly Json[]
  readonly clusterMinor: number
}

export class RequestMaker {
  readonly #random: Random
  readonly #pods: PodMaker

  constructor(random: Random) {
    this.#random = random
    this.#pods = new PodMaker(random)
  }

  request(): RequestCase {
    const namespace = this.#random.of([...Array<string>(12).fill('ns'), 'free', 'gone'])
    return {
      request: this.#random.below(3) === 0 ? this.#ofNamespace(namespace) : this.#ofPod(namespace),
      configuration: this.#configuration(),
      namespaces: ['ns', 'free'].map((name) => this.#namespace(name)),
      pods: Array.from({ length: this.#random.below(7) }, () => this.#existing()),
      clusterMinor: this.#random.of([99, 34, 20]),
    }
  }

  #namespace(name: string): Json {
    return { metadata: { name, ...(this.#random.below(8) > 0 && { labels: this.#labels() }) } }
  }

  #labels(): Json {
    const labels: Json = this.#random.below(2) === 0 ? { app: 'x' } : {}
    for (const mode of ['enforce', 'audit', 'warn']) {
      if (this.#random.below(4) > 0) labels[PREFIX + mode] = this.#level(true)
      if (this.#random.below(3) === 0) labels[`${PREFIX}${mode}-version`] = this.#version(true)
    }
    return labels
  }

  #level(faulty = false): unknown {
    const levels = ['privileged', 'baseline', 'restricted', 'baseline', 'restricted']
    return faulty && this.#random.below(20) === 0 ? this.#random.of(['', 'Baseline', 'x"\u200b', null]) : this.#random.of(levels)
  }

  #version(faulty = false): unknown {
    if (faulty && this.#random.below(15) === 0)
      return this.#random.of(['', 'v1', '1.2', 'v2.0', 'v1.01', 'v1.99999999999999999999', 'latest\n', 'v1.9223372036854775808', 'v1.-1'])
    return this.#random.of(['latest', 'v1.0', 'v1.8', 'v1.19', 'v1.24', 'v1.25', 'v1.35', 'v1.9223372036854775807', 'v1.99'])
  }

  #configuration(): Json {
    const defaults: Json = {}
    if (this.#random.below(3) === 0)
      for (const mode of ['enforce', 'audit', 'warn']) {
        if (this.#random.below(2) === 0) defaults[mode] = this.#level()
        if (this.#random.below(2) === 0) defaults[`${mode}-version`] = this.#version()
      }
    return {
      apiVersion: `pod-security.admission.config.k8s.io/${this.#random.of(['v1', 'v1beta1', 'v1alpha1'])}`,
      kind: 'PodSecurityConfiguration',
      defaults,
      exemptions: this.#random.of([
        {},
        {},
        {},
        { namespaces: ['free'] },
        { usernames: ['root', 'system:serviceaccount:ns:job'], runtimeClasses: ['kata'] },
        { namespaces: ['free', 'ns'], usernames: null },
      ]),
    }
  }

  #ofNamespace(name: string): RequestCase['request'] {
    return {
      operation: this.#random.of(['CREATE', ...Array<string>(8).fill('UPDATE'), 'DELETE']),
      kind: { group: '', version: 'v1', kind: 'Namespace' },
      resource: { group: '', version: 'v1', resource: 'namespaces' },
      subResource: this.#random.of(['', '', '', '', '', 'status', 'finalize']),
      name,
      namespace: name,
      userInfo: { username: 'root' },
      object: this.#namespace(name),
      oldObject: this.#namespace(name),
    }
  }

  #ofPod(namespace: string): RequestCase['request'] {
    const pod = this.#random.below(2) === 0
    const [group, kind, resource] = pod ? ['', 'Pod', 'pods'] : this.#random.of(this.#random.below(20) === 0 ? OTHERS : CONTROLLERS)
    const object = this.#object(kind)
    return {
      operation: this.#random.of([...Array<string>(8).fill('CREATE'), ...Array<string>(8).fill('UPDATE'), 'DELETE', 'CONNECT']),
      kind: { group, version: 'v1', kind },
      resource: { group, version: 'v1', resource },
      subResource: pod ? this.#random.of(POD_SUBRESOURCES) : this.#random.of([...Array<string>(10).fill(''), 'status', 'scale']),
      name: this.#random.of(['', 'web', 'a"b']),
      namespace,
      userInfo: { username: this.#random.of(['', 'root', 'alice', 'bob', 'system:serviceaccount:ns:job']) },
      object,
      oldObject: this.#random.below(3) === 0 ? this.#object(kind) : this.#changed(object),
    }
  }

  #object(kind: string): Json {
    const pod = this.#pods.pod(true)
    if (kind === 'Pod') return { ...pod }
    const template = this.#random.below(25) === 0 ? null : pod
    if (kind === 'PodTemplate') return { template }
    if (kind === 'CronJob') return { spec: { jobTemplate: { spec: { template } } } }
    return { spec: { template } }
  }

  /** The same but for an image, a name, an annotation or a container. */
  #changed(object: Json): Json {
    const copy = structuredClone(object) as Json & { metadata?: Json; spec?: Record<string, Json[]> }
    const containers = [copy.spec?.containers, copy.spec?.initContainers, copy.spec?.ephemeralContainers].flatMap((list) => list ?? [])
    const container = containers.length > 0 ? this.#random.of(containers.map((each) => each ?? {})) : {}
    switch (this.#random.below(5)) {
      case 0:
        container.image = 'another'
        break
      case 1:
        container.name = 'another'
        break
      case 2:
        copy.spec?.[this.#random.of(['containers', 'initContainers', 'ephemeralContainers'])]?.pop()
        break
      case 3:
        if (copy.metadata) copy.metadata.annotations = {}
    }
    return copy
  }

  #existing(): Json {
    const owned = this.#random.of([
      [],
      [],
      [{ uid: 'u1', controller: true }],
      [
        { uid: 'u2', controller: false },
        { uid: 'u1', controller: true },
      ],
    ])
    const metadata = {
      name: this.#random.of(['p', 'q', 'r', 'a\uffff', 'a\u{1f600}']),
      namespace: this.#random.of(['ns', 'ns', 'free']),
      ...(owned.length > 0 && { ownerReferences: owned }),
    }
    return { ...this.#pods.pod(true), metadata }
  }
}
