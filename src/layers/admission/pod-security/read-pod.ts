// A pod's metadata and spec → what the checks look at (k8s.io/api/core/v1). Only those fields are read: a wrong type elsewhere, which the API
// server would refuse, is not seen here.
import type { Fields } from '../../../formats/kubernetes/object.ts'
import { asFields, fields, flag, integer, objects, text, textMap, texts } from './fields.ts'
import type { Container, ContainerList, ContainerSecurity, HandlerHost, Pod, Port, Security, Volume } from './pod.ts'

/**
 * Reads a pod, or the template of one. `at`: what stands before `metadata` and `spec` in paths, as `spec.template.`.
 * @throws ThymusError REVIEW, with the path of a field that is of a wrong type.
 */
export function readPod(metadata: unknown, spec: unknown, at = ''): Pod {
  const path = `${at}spec`
  const metadataPath = `${at}metadata`
  const pod = asFields(spec, path)
  const context = fields(pod, 'securityContext', path)
  const os = fields(pod, 'os', path)
  return {
    metadataPath,
    annotations: textMap(asFields(metadata, metadataPath), 'annotations', metadataPath),
    own: { path, name: '', security: context === undefined ? NO_SECURITY : readSecurity(context, `${path}.securityContext`) },
    containers: [
      ...readContainers(pod, 'initContainers', path),
      ...readContainers(pod, 'containers', path),
      ...readContainers(pod, 'ephemeralContainers', path),
    ],
    volumes: objects(pod, 'volumes', path, readVolume),
    sysctls: context === undefined ? [] : objects(context, 'sysctls', `${path}.securityContext`, nameOf),
    hostNetwork: flag(pod, 'hostNetwork', path) ?? false,
    hostPID: flag(pod, 'hostPID', path) ?? false,
    hostIPC: flag(pod, 'hostIPC', path) ?? false,
    userNamespace: flag(pod, 'hostUsers', path) === false,
    windows: os !== undefined && text(os, 'name', `${path}.os`) === 'windows',
    runtimeClassName: text(pod, 'runtimeClassName', path) ?? '',
  }
}

const nameOf = (object: Fields, at: string) => text(object, 'name', at) ?? ''

const readContainers = (pod: Fields, list: ContainerList, at: string) =>
  objects(pod, list, at, (container, path): Container => {
    const context = fields(container, 'securityContext', path)
    return {
      list,
      path,
      name: nameOf(container, path),
      image: text(container, 'image', path) ?? '',
      security: context === undefined ? NO_SECURITY : readContainerSecurity(context, `${path}.securityContext`),
      ports: objects(container, 'ports', path, readPort),
      handlerHosts: readHandlerHosts(container, path),
    }
  })

const readPort = (port: Fields, at: string): Port => ({
  container: integer(port, 'containerPort', at, 32) ?? 0,
  host: integer(port, 'hostPort', at, 32) ?? 0,
})

const NO_SECURITY: ContainerSecurity = {
  privileged: false,
  allowPrivilegeEscalation: undefined,
  added: [],
  dropped: [],
  runAsNonRoot: undefined,
  runAsUser: undefined,
  procMount: undefined,
  seLinux: undefined,
  seccomp: undefined,
  appArmor: undefined,
  hostProcess: false,
}

function readContainerSecurity(context: Fields, at: string): ContainerSecurity {
  const { runAsNonRoot, runAsUser, seLinux, seccomp, appArmor, hostProcess } = readSecurity(context, at)
  const capabilities = fields(context, 'capabilities', at)
  return {
    privileged: flag(context, 'privileged', at) ?? false,
    allowPrivilegeEscalation: flag(context, 'allowPrivilegeEscalation', at),
    added: capabilities === undefined ? NO_SECURITY.added : texts(capabilities, 'add', `${at}.capabilities`),
    dropped: capabilities === undefined ? NO_SECURITY.dropped : texts(capabilities, 'drop', `${at}.capabilities`),
    runAsNonRoot,
    runAsUser,
    procMount: text(context, 'procMount', at),
    seLinux,
    seccomp,
    appArmor,
    hostProcess,
  }
}

function readSecurity(context: Fields, at: string): Security {
  const seLinux = fields(context, 'seLinuxOptions', at)
  const windows = fields(context, 'windowsOptions', at)
  return {
    runAsNonRoot: flag(context, 'runAsNonRoot', at),
    runAsUser: integer(context, 'runAsUser', at, 64),
    seLinux: seLinux && {
      type: text(seLinux, 'type', `${at}.seLinuxOptions`) ?? '',
      user: text(seLinux, 'user', `${at}.seLinuxOptions`) ?? '',
      role: text(seLinux, 'role', `${at}.seLinuxOptions`) ?? '',
    },
    seccomp: profileType(context, 'seccompProfile', at),
    appArmor: profileType(context, 'appArmorProfile', at),
    hostProcess: windows !== undefined && flag(windows, 'hostProcess', `${at}.windowsOptions`) === true,
  }
}

function profileType(context: Fields, key: string, at: string): string | undefined {
  const profile = fields(context, key, at)
  return profile === undefined ? undefined : (text(profile, 'type', `${at}.${key}`) ?? '')
}

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe']
const HANDLERS = ['postStart', 'preStop']
const NO_HOSTS: readonly HandlerHost[] = []

function readHandlerHosts(container: Fields, at: string): readonly HandlerHost[] {
  let hosts = NO_HOSTS
  const read = (holder: Fields, key: string, path: string, name: string) => {
    const handler = fields(holder, key, path)
    if (handler === undefined) return
    for (const action of ['httpGet', 'tcpSocket']) {
      const fieldsOf = fields(handler, action, `${path}.${key}`)
      const host = fieldsOf === undefined ? undefined : text(fieldsOf, 'host', `${path}.${key}.${action}`)
      if (host !== undefined && host !== '') hosts = [...hosts, { field: `${name}.${action}.host`, host }]
    }
  }
  for (const probe of PROBES) read(container, probe, at, probe)
  const lifecycle = fields(container, 'lifecycle', at)
  if (lifecycle !== undefined) for (const handler of HANDLERS) read(lifecycle, handler, `${at}.lifecycle`, `lifecycle.${handler}`)
  return hosts
}

/** Sources that restricted pods may have too. */
const PERMITTED = ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim', 'projected', 'secret']

/** All others, in the order in which one of several is named. */
const RESTRICTED = [
  ...['hostPath', 'gcePersistentDisk', 'awsElasticBlockStore', 'gitRepo', 'nfs', 'iscsi', 'glusterfs', 'rbd', 'flexVolume', 'cinder'],
  ...['cephfs', 'flocker', 'fc', 'azureFile', 'vsphereVolume', 'quobyte', 'azureDisk', 'photonPersistentDisk', 'portworxVolume', 'scaleIO'],
  'storageos',
]

/** Lower is told first; a permitted source goes before all. */
const RANKS = new Map([...PERMITTED.map((name) => [name, -1] as const), ...RESTRICTED.map((name, rank) => [name, rank] as const)])

function readVolume(volume: Fields, path: string): Volume {
  let rank = RESTRICTED.length
  let hostPath = false
  for (const key of Object.keys(volume)) {
    const its = RANKS.get(key)
    if (its === undefined || fields(volume, key, path) === undefined) continue
    rank = Math.min(rank, its)
    if (key === 'hostPath') hostPath = true
  }
  return { path, name: nameOf(volume, path), hostPath, restricted: rank < 0 ? undefined : (RESTRICTED[rank] ?? 'unknown') }
}
