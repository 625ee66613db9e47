// A pod's metadata and spec → what the checks look at (k8s.io/api/core/v1). Only those fields are read: a wrong type elsewhere, which the API
// server would refuse, is not seen here.
import type { FieldReader } from '../../../formats/kubernetes/field-reader.ts'
import { integer, optionalBoolean, optionalText, readFields, textMap } from './fields.ts'
import type { Container, ContainerList, ContainerSecurity, HandlerHost, Pod, Port, Security, Volume } from './pod.ts'

/**
 * Reads a pod, or the template of one. `at`: what stands before `metadata` and `spec` in paths, as `spec.template.`.
 * @throws ThymusError REVIEW, with the path of a field that is of a wrong type.
 */
export function readPod(metadata: unknown, spec: unknown, at = ''): Pod {
  const pod = readFields(spec, `${at}spec`)
  const about = readFields(metadata, `${at}metadata`)
  const { path } = pod
  return {
    metadataPath: about.path,
    annotations: textMap(about, 'annotations'),
    own: { path, name: '', security: pod.optional('securityContext', readSecurity) ?? NO_SECURITY },
    containers: [
      ...readContainers(pod, 'initContainers'),
      ...readContainers(pod, 'containers'),
      ...readContainers(pod, 'ephemeralContainers'),
    ],
    volumes: pod.objects('volumes').map(readVolume),
    sysctls: pod.object('securityContext').objects('sysctls').map(nameOf),
    hostNetwork: pod.boolean('hostNetwork'),
    hostPID: pod.boolean('hostPID'),
    hostIPC: pod.boolean('hostIPC'),
    userNamespace: optionalBoolean(pod, 'hostUsers') === false,
    windows: pod.object('os').text('name') === 'windows',
    runtimeClassName: pod.text('runtimeClassName'),
  }
}

const nameOf = (fields: FieldReader) => fields.text('name')

const readContainers = (pod: FieldReader, list: ContainerList) =>
  pod.objects(list).map(
    (container): Container => ({
      list,
      path: container.path,
      name: nameOf(container),
      image: container.text('image'),
      security: container.optional('securityContext', readContainerSecurity) ?? NO_SECURITY,
      ports: container.objects('ports').map(readPort),
      handlerHosts: readHandlerHosts(container),
    }),
  )

const readPort = (port: FieldReader): Port => ({
  container: integer(port, 'containerPort', 32) ?? 0,
  host: integer(port, 'hostPort', 32) ?? 0,
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

function readContainerSecurity(context: FieldReader): ContainerSecurity {
  const { runAsNonRoot, runAsUser, seLinux, seccomp, appArmor, hostProcess } = readSecurity(context)
  const capabilities = context.object('capabilities')
  return {
    privileged: context.boolean('privileged'),
    allowPrivilegeEscalation: optionalBoolean(context, 'allowPrivilegeEscalation'),
    added: capabilities.texts('add'),
    dropped: capabilities.texts('drop'),
    runAsNonRoot,
    runAsUser,
    procMount: optionalText(context, 'procMount'),
    seLinux,
    seccomp,
    appArmor,
    hostProcess,
  }
}

const readSecurity = (context: FieldReader): Security => ({
  runAsNonRoot: optionalBoolean(context, 'runAsNonRoot'),
  runAsUser: integer(context, 'runAsUser', 64),
  seLinux: context.optional('seLinuxOptions', (options) => ({
    type: options.text('type'),
    user: options.text('user'),
    role: options.text('role'),
  })),
  seccomp: context.optional('seccompProfile', profileType),
  appArmor: context.optional('appArmorProfile', profileType),
  hostProcess: context.object('windowsOptions').boolean('hostProcess'),
})

const profileType = (profile: FieldReader) => profile.text('type')

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe']
const HANDLERS = ['postStart', 'preStop']
const NO_HOSTS: readonly HandlerHost[] = []

function readHandlerHosts(container: FieldReader): readonly HandlerHost[] {
  let hosts = NO_HOSTS
  const read = (handler: FieldReader, name: string) => {
    for (const action of ['httpGet', 'tcpSocket']) {
      const host = handler.optional(action, (asked) => asked.text('host')) ?? ''
      if (host !== '') hosts = [...hosts, { field: `${name}.${action}.host`, host }]
    }
  }
  for (const probe of PROBES) container.optional(probe, (handler) => read(handler, probe))
  container.optional('lifecycle', (lifecycle) => {
    for (const name of HANDLERS) lifecycle.optional(name, (handler) => read(handler, `lifecycle.${name}`))
  })
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

function readVolume(volume: FieldReader): Volume {
  let rank = RESTRICTED.length
  for (const name of volume.names) {
    const its = RANKS.get(name)
    if (its !== undefined && volume.object(name).isThere) rank = Math.min(rank, its)
  }
  const restricted = rank < 0 ? undefined : (RESTRICTED[rank] ?? 'unknown')
  return { path: volume.path, name: nameOf(volume), hostPath: volume.object('hostPath').isThere, restricted }
}
