// What the checks look at of a pod, in one flat shape. Values are those of the Go types after decoding: what is absent or null is the
// zero value, or undefined where the type is a pointer and the checks tell nil from zero.

export interface Pod {
  /** Path of the metadata, for the names of its annotations: `metadata`, or `spec.template.metadata` of a controller. */
  readonly metadataPath: string
  readonly annotations: ReadonlyMap<string, string>
  /** The pod itself, beside its containers: what both can set. */
  readonly own: Holder
  /** Containers of all kinds: init, ordinary, ephemeral, the order in which Kubernetes names them. */
  readonly containers: readonly Container[]
  readonly volumes: readonly Volume[]
  readonly sysctls: readonly string[]
  readonly hostNetwork: boolean
  readonly hostPID: boolean
  readonly hostIPC: boolean
  /** `hostUsers: false`. */
  readonly userNamespace: boolean
  readonly windows: boolean
  readonly runtimeClassName: string
}

/** Who has a security context. */
export interface Holder {
  /** `spec`, `spec.initContainers[0]`. */
  readonly path: string
  /** Empty for the pod itself. */
  readonly name: string
  readonly security: Security
}

export type ContainerList = 'initContainers' | 'containers' | 'ephemeralContainers'

export interface Container extends Holder {
  readonly list: ContainerList
  readonly security: ContainerSecurity
  readonly image: string
  readonly ports: readonly Port[]
  readonly handlerHosts: readonly HandlerHost[]
}

/** 0 where there is none. */
export interface Port {
  readonly container: number
  readonly host: number
}

/** A probe or lifecycle handler that names a host. */
export interface HandlerHost {
  /** `livenessProbe.httpGet.host`. */
  readonly field: string
  readonly host: string
}

/** What a pod and its containers can both set in a security context. */
export interface Security {
  readonly runAsNonRoot: boolean | undefined
  readonly runAsUser: number | undefined
  readonly seLinux: { readonly type: string; readonly user: string; readonly role: string } | undefined
  /** Type of the profile; undefined without a profile. */
  readonly seccomp: string | undefined
  readonly appArmor: string | undefined
  readonly hostProcess: boolean
}

export interface ContainerSecurity extends Security {
  readonly privileged: boolean
  readonly allowPrivilegeEscalation: boolean | undefined
  readonly added: readonly string[]
  readonly dropped: readonly string[]
  readonly procMount: string | undefined
}

export interface Volume {
  readonly path: string
  readonly name: string
  readonly hostPath: boolean
  /** Name of the source that restricted pods may not have; `unknown` if there is none that is known, undefined if the volume is fine. */
  readonly restricted: string | undefined
}
