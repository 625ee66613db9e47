// Pods that a seed decides: every field that a check looks at, absent, null, zero, right, wrong, and now and then of a wrong type.
import type { Random } from '../../kit/random.ts'

type Json = Record<string, unknown>

const NAMES = ['a', 'b', 'c', 'web', '', 'é', 'a"b', 'line\nbreak', '\u{1f600}', '\ufffd\uffff', '\ud800', 'proxy']
const ODD_TYPES = [0, 1, -1, true, false, 'text', '', [], [1], {}, { a: 1 }, 1.5]
const PROFILES = ['RuntimeDefault', 'Localhost', 'Unconfined', '', 'runtimedefault', 'other']
const ANNOTATION_VALUES = [
  ...[
    'runtime/default',
    'docker/default',
    'localhost/x',
    'localhost/',
    'unconfined',
    '',
    'Runtime/default',
    'localhost',
    'runtime/default ',
  ],
  ...['a "quote" \\ \t\u0000\u007f\u200b\u00ad', '\u{1f600}\u0301\ue000', '\ud83d'],
]
const CAPABILITIES = [
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP'],
  ...['SETUID', 'SYS_CHROOT', 'ALL', 'NET_BIND_SERVICE', 'SYS_ADMIN', 'NET_RAW', 'chown', 'all', '', '\u{1f600}', '\uffff'],
]
const SYSCTLS = [
  ...['kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.tcp_syncookies', 'net.ipv4.ping_group_range', 'kernel.msgmax'],
  ...['net.ipv4.ip_unprivileged_port_start', 'net.ipv4.ip_local_reserved_ports', 'net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout'],
  ...['net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes', 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem', '', 'net/ipv4/tcp_wmem'],
]
const SOURCES = [
  ...['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim', 'projected', 'secret', 'hostPath'],
  ...[
    'gcePersistentDisk',
    'awsElasticBlockStore',
    'gitRepo',
    'nfs',
    'iscsi',
    'glusterfs',
    'rbd',
    'flexVolume',
    'cinder',
    'cephfs',
    'flocker',
  ],
  ...['fc', 'azureFile', 'vsphereVolume', 'quobyte', 'azureDisk', 'photonPersistentDisk', 'portworxVolume', 'scaleIO', 'storageos'],
  ...['hostpath', 'notYetKnown'],
]

export class PodMaker {
  readonly #random: Random
  /** Of 100, how often a field is set at all, is null, and is of a wrong type (of 10,000); drawn anew for each pod. */
  #set = 0
  #null = 0
  #wrong = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** `typed`: nothing of a wrong type. */
  pod(typed = false): { metadata?: unknown; spec?: unknown } {
    this.#set = this.#random.of([3, 10, 30, 60, 90])
    this.#null = this.#random.of([0, 2, 15])
    this.#wrong = typed ? 0 : this.#random.of([0, 0, 0, 40])
    const pod: Json = { metadata: this.#metadata(), spec: this.#spec() }
    for (const key of ['metadata', 'spec'] as const) if (this.#random.below(300) === 0) pod[key] = null
    return pod
  }

  #metadata(): Json {
    const annotations: Json = {}
    for (let left = this.#random.of([0, 0, 1, 3]); left > 0; left--) {
      const name = this.#random.of(NAMES)
      const key = this.#random.of([
        ...['seccomp.security.alpha.kubernetes.io/pod', `container.seccomp.security.alpha.kubernetes.io/${name}`, '__proto__', 'other/key'],
        ...[`container.apparmor.security.beta.kubernetes.io/${name}`, `Container.apparmor.security.beta.kubernetes.io/${name}`],
      ])
      // An own `__proto__`, as JSON.parse makes one.
      Object.defineProperty(annotations, key, {
        value: this.#value(ANNOTATION_VALUES),
        enumerable: true,
        configurable: true,
        writable: true,
      })
    }
    return { name: 'pod', annotations }
  }

  #spec(): Json {
    const spec: Json = {}
    for (const key of ['hostNetwork', 'hostPID', 'hostIPC', 'hostUsers']) this.#put(spec, key, () => this.#random.below(2) === 0, 3)
    this.#put(spec, 'os', () => this.#object({ name: () => this.#random.of(['windows', 'windows', 'linux', 'Windows', '']) }), 4)
    this.#put(spec, 'runtimeClassName', () => this.#random.of(['', 'kata', 'gvisor']), 3)
    this.#put(spec, 'securityContext', () => this.#podSecurity())
    const containers = () => this.#list(3, () => this.#container())
    spec.containers = containers()
    this.#put(spec, 'initContainers', containers)
    this.#put(spec, 'ephemeralContainers', containers)
    this.#put(spec, 'volumes', () => this.#list(3, () => this.#volume()))
    return spec
  }

  #volume(): Json {
    const volume: Json = { name: this.#random.of(NAMES) }
    for (let left = this.#random.of([0, 1, 1, 1, 1, 2, 4]); left > 0; left--) volume[this.#random.of(SOURCES)] = this.#value([{}])
    return volume
  }

  #container(): Json {
    const container: Json = { name: this.#value(NAMES), image: this.#random.of(['x', 'y', 'z']) }
    this.#put(container, 'securityContext', () => this.#containerSecurity())
    this.#put(container, 'ports', () =>
      this.#list(3, () =>
        this.#object({
          containerPort: () => this.#random.of([80, 8080, 53]),
          hostPort: () => this.#random.of([0, 0, 80, 9, 443, -1, 2 ** 31 - 1]),
        }),
      ),
    )
    const action = () => this.#object({ host: () => this.#random.of(['', '', 'localhost', '10.0.0.1', '127.0.0.1']) })
    const handler = () => this.#object({ httpGet: action, tcpSocket: action })
    for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) this.#put(container, probe, handler, 3)
    this.#put(container, 'lifecycle', () => this.#object({ postStart: handler, preStop: handler }), 3)
    return container
  }

  /** What a container and a pod can both say. */
  #security(): Json {
    return this.#object({
      runAsNonRoot: () => this.#random.below(4) > 0,
      runAsUser: () => this.#random.of([0, 0, -0, 1, 1000, -1, 2 ** 53, -(2 ** 60)]),
      seccompProfile: () => this.#object({ type: () => this.#random.of(PROFILES) }),
      appArmorProfile: () => this.#object({ type: () => this.#random.of(PROFILES) }),
      windowsOptions: () => this.#object({ hostProcess: () => this.#random.below(2) === 0 }),
      seLinuxOptions: () =>
        this.#object({
          type: () =>
            this.#random.of([
              '',
              'container_t',
              'container_init_t',
              'container_kvm_t',
              'container_engine_t',
              'spc_t',
              '\u{1f600}_t',
              '\uffff',
            ]),
          user: () => this.#random.of(['', '', 'root']),
          role: () => this.#random.of(['', '', 'sysadm_r']),
        }),
    })
  }

  #podSecurity(): Json {
    const context = this.#security()
    this.#put(context, 'sysctls', () => this.#list(3, () => this.#object({ name: () => this.#random.of(SYSCTLS) })))
    // Fields that a pod has not: of any type, they are nothing.
    for (const key of ['privileged', 'capabilities', 'procMount'])
      if (this.#random.below(20) === 0) context[key] = this.#random.of(ODD_TYPES)
    return context
  }

  #containerSecurity(): Json {
    const names = () => this.#list(3, () => this.#value(CAPABILITIES))
    const dropped = () => this.#random.of([['ALL'], ['ALL'], names()])
    return {
      ...this.#security(),
      ...this.#object({
        privileged: () => this.#random.below(2) === 0,
        allowPrivilegeEscalation: () => this.#random.below(3) === 0,
        procMount: () => this.#random.of(['Default', 'Unmasked', '', 'default']),
        capabilities: () => this.#object({ add: names, drop: dropped }),
      }),
    }
  }

  #object(fields: Readonly<Record<string, () => unknown>>): Json {
    const object: Json = {}
    for (const [key, make] of Object.entries(fields)) this.#put(object, key, make)
    return object
  }

  /** `rarer`: a field that hides the rest of the pod, or is seldom wrong. */
  #put(object: Json, key: string, make: () => unknown, rarer = 1): void {
    if (this.#random.below(100 * rarer) < this.#set) object[key] = this.#oddOr(make)
  }

  #value(choices: readonly unknown[]): unknown {
    return this.#oddOr(() => this.#random.of(choices))
  }

  #list(most: number, make: () => unknown): unknown[] {
    return Array.from({ length: this.#random.below(most + 1) }, () => (this.#random.below(100) < this.#null ? null : make()))
  }

  #oddOr(make: () => unknown): unknown {
    if (this.#random.below(10_000) < this.#wrong) return this.#random.of(ODD_TYPES)
    return this.#random.below(100) < this.#null ? null : make()
  }
}
