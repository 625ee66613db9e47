// One table: for each check what passes it, what does not, and how that is told. That the texts are Kubernetes' own is seen beside its library
// (test/oracles/pod-security); here it is seen without it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judgePod } from './evaluate.ts'
import type { Level, Version } from './level.ts'
import { readPod } from './read-pod.ts'
import { CHECKS } from './registry.ts'

type Json = Record<string, unknown>

interface Case {
  readonly check: string
  readonly version?: Version
  readonly spec: Json
  readonly annotations?: Json
  /** Of what fails; a pod without it passes the check. */
  readonly detail?: string
  readonly fields?: readonly string[]
}

const a = (container: Json = {}): Json => ({ containers: [{ name: 'a', ...container }] })
const secure = (securityContext: Json): Json => a({ securityContext })
const pod = (securityContext: Json): Json => ({ securityContext, ...a() })
const windows = { os: { name: 'windows' } }
const C = 'spec.containers[0].securityContext'
const P = 'spec.securityContext'
const SECCOMP_KEY = 'container.seccomp.security.alpha.kubernetes.io/a'
const APP_ARMOR_KEY = 'container.apparmor.security.beta.kubernetes.io/a'

const CASES: readonly Case[] = [
  { check: 'privileged', spec: secure({ privileged: false }) },
  { check: 'privileged', spec: a({ securityContext: null }) },
  {
    check: 'privileged',
    spec: {
      containers: [{ name: 'a', securityContext: { privileged: true } }, { name: 'b' }],
      initContainers: [{ name: 'i', securityContext: { privileged: true } }],
      ephemeralContainers: [{ name: 'e', securityContext: { privileged: true } }],
    },
    detail: 'containers "i", "a", "e" must not set securityContext.privileged=true',
    fields: ['initContainers', 'containers', 'ephemeralContainers'].map((list) => `spec.${list}[0].securityContext.privileged`),
  },

  { check: 'allowPrivilegeEscalation', spec: secure({ allowPrivilegeEscalation: false }) },
  { check: 'allowPrivilegeEscalation', spec: { ...a(), ...windows } },
  { check: 'allowPrivilegeEscalation', version: 'v1.7', spec: a() },
  {
    check: 'allowPrivilegeEscalation',
    version: 'v1.24',
    spec: { ...a(), ...windows },
    detail: 'container "a" must set securityContext.allowPrivilegeEscalation=false',
    fields: [`${C}.allowPrivilegeEscalation`],
  },

  { check: 'appArmorProfile', spec: secure({ appArmorProfile: { type: 'Localhost' } }) },
  { check: 'appArmorProfile', spec: a(), annotations: { [APP_ARMOR_KEY]: 'localhost/x' } },
  {
    check: 'appArmorProfile',
    spec: { ...secure({ appArmorProfile: { type: 'Other' } }), securityContext: { appArmorProfile: {} } },
    annotations: { [APP_ARMOR_KEY]: 'unconfined' },
    detail: `pod and container "a" and annotation must not set AppArmor profile type to "", "Other", "${APP_ARMOR_KEY}="unconfined""`,
    fields: [`${P}.appArmorProfile.type`, `${C}.appArmorProfile.type`, `metadata.annotations["${APP_ARMOR_KEY}"]`],
  },

  { check: 'capabilities_baseline', version: 'v1.21', spec: secure({ capabilities: { add: ['CHOWN'] } }) },
  {
    check: 'capabilities_baseline',
    version: 'v1.21',
    spec: secure({ capabilities: { add: ['CHOWN', 'SYS_ADMIN', 'NET_RAW'] } }),
    detail: 'container "a" must not include "NET_RAW", "SYS_ADMIN" in securityContext.capabilities.add',
    fields: [`${C}.capabilities.add[1]`, `${C}.capabilities.add[2]`],
  },

  { check: 'capabilities_restricted', spec: secure({ capabilities: { add: ['NET_BIND_SERVICE'], drop: ['X', 'ALL'] } }) },
  { check: 'capabilities_restricted', spec: { ...a(), ...windows } },
  {
    check: 'capabilities_restricted',
    spec: secure({ capabilities: { add: ['CHOWN'], drop: ['all'] } }),
    detail:
      'container "a" must set securityContext.capabilities.drop=["ALL"]; container "a" must not include "CHOWN" in securityContext.capabilities.add',
    fields: [`${C}.capabilities.drop`, `${C}.capabilities.add[0]`],
  },

  { check: 'hostNamespaces', spec: { hostNetwork: false, hostPID: null } },
  {
    check: 'hostNamespaces',
    spec: { hostNetwork: true, hostPID: true, hostIPC: true },
    detail: 'hostNetwork=true, hostPID=true, hostIPC=true',
    fields: ['spec.hostNetwork', 'spec.hostPID', 'spec.hostIPC'],
  },

  { check: 'hostPorts', spec: a({ ports: [{ containerPort: 80 }, { hostPort: 0 }] }) },
  {
    check: 'hostPorts',
    spec: a({ ports: [{ hostPort: 9 }, { hostPort: 80 }] }),
    detail: 'container "a" uses hostPorts 80, 9',
    fields: ['spec.containers[0].ports[0].hostPort', 'spec.containers[0].ports[1].hostPort'],
  },

  { check: 'hostProbesAndHostLifecycle', spec: a({ livenessProbe: { httpGet: { host: '' } } }) },
  { check: 'hostProbesAndHostLifecycle', version: 'v1.33', spec: a({ livenessProbe: { httpGet: { host: 'x' } } }) },
  {
    check: 'hostProbesAndHostLifecycle',
    spec: a({ startupProbe: { tcpSocket: { host: 'x' } }, lifecycle: { preStop: { httpGet: { host: 'y' } } } }),
    detail: 'container "a" uses probe or lifecycle hosts "x", "y"',
    fields: ['spec.containers[0].startupProbe.tcpSocket.host', 'spec.containers[0].lifecycle.preStop.httpGet.host'],
  },

  { check: 'procMount', version: 'v1.34', spec: secure({ procMount: 'Default' }) },
  {
    check: 'procMount',
    version: 'v1.34',
    spec: { hostUsers: false, ...secure({ procMount: 'Unmasked' }) },
    detail: 'container "a" must not set securityContext.procMount to "Unmasked"',
    fields: [`${C}.procMount`],
  },
  {
    check: 'procMount_restricted',
    spec: { hostUsers: false, ...secure({ procMount: 'Unmasked' }) },
    detail: 'container "a" must not set securityContext.procMount to "Unmasked"',
    fields: [`${C}.procMount`],
  },

  {
    check: 'restrictedVolumes',
    spec: {
      volumes: [
        { name: 'v', emptyDir: {} },
        { name: 'i', image: {}, hostPath: {} },
      ],
    },
  },
  {
    check: 'restrictedVolumes',
    spec: { volumes: [{ name: 'v', hostPath: {} }, { name: 'w', nfs: {}, iscsi: {} }, { name: 'x' }] },
    detail: 'volumes "v", "w", "x" use restricted volume types "hostPath", "nfs", "unknown"',
    fields: ['spec.volumes[0].hostPath', 'spec.volumes[1].nfs', 'spec.volumes[2]'],
  },

  { check: 'runAsNonRoot', spec: pod({ runAsNonRoot: true }) },
  { check: 'runAsNonRoot', spec: secure({ runAsNonRoot: true }) },
  { check: 'runAsNonRoot', spec: { hostUsers: false, ...a() } },
  {
    check: 'runAsNonRoot',
    version: 'v1.34',
    spec: { hostUsers: false, ...a() },
    detail: 'pod or container "a" must set securityContext.runAsNonRoot=true',
    fields: [`${C}.runAsNonRoot`],
  },
  {
    check: 'runAsNonRoot',
    spec: { ...secure({ runAsNonRoot: false }), securityContext: { runAsNonRoot: true } },
    detail: 'container "a" must not set securityContext.runAsNonRoot=false',
    fields: [`${C}.runAsNonRoot`],
  },

  { check: 'runAsUser', spec: pod({ runAsUser: 1 }) },
  { check: 'runAsUser', version: 'v1.22', spec: pod({ runAsUser: 0 }) },
  { check: 'runAsUser', spec: { hostUsers: false, ...pod({ runAsUser: 0 }) } },
  {
    check: 'runAsUser',
    spec: { ...secure({ runAsUser: 0 }), securityContext: { runAsUser: 0 } },
    detail: 'pod and container "a" must not set runAsUser=0',
    fields: [`${P}.runAsUser`, `${C}.runAsUser`],
  },

  { check: 'seLinuxOptions', spec: pod({ seLinuxOptions: { type: 'container_engine_t', level: 's0' } }) },
  {
    check: 'seLinuxOptions',
    version: 'v1.30',
    spec: pod({ seLinuxOptions: { type: 'container_engine_t', user: 'u', role: 'r' } }),
    detail: 'pod set forbidden securityContext.seLinuxOptions: type "container_engine_t"; user may not be set; role may not be set',
    fields: ['type', 'user', 'role'].map((field) => `${P}.seLinuxOptions.${field}`),
  },

  { check: 'seccompProfile_baseline', version: 'v1.18', spec: a(), annotations: { [SECCOMP_KEY]: 'docker/default' } },
  { check: 'seccompProfile_baseline', version: 'v1.18', spec: a({ name: 'b' }), annotations: { [SECCOMP_KEY]: 'unconfined' } },
  {
    check: 'seccompProfile_baseline',
    version: 'v1.18',
    spec: a(),
    annotations: { [SECCOMP_KEY]: 'uncon"fined' },
    detail: `forbidden annotation ${SECCOMP_KEY}="uncon\\"fined"`,
    fields: [`metadata.annotations["${SECCOMP_KEY}"]`],
  },

  { check: 'seccompProfile_restricted', spec: pod({ seccompProfile: { type: 'RuntimeDefault' } }) },
  { check: 'seccompProfile_restricted', spec: { ...a(), ...windows } },
  {
    check: 'seccompProfile_restricted',
    spec: a(),
    detail: 'pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"',
    fields: [`${C}.seccompProfile.type`],
  },
  {
    check: 'seccompProfile_restricted',
    spec: pod({ seccompProfile: { type: 'Unconfined' } }),
    detail: 'pod must not set securityContext.seccompProfile.type to "Unconfined"',
    fields: [`${P}.seccompProfile.type`],
  },

  { check: 'sysctls', spec: pod({ sysctls: [{ name: 'net.ipv4.tcp_wmem', value: '1' }] }) },
  ...(['v1.26', 'v1.28', 'v1.31'] as const).map((version, at) => {
    const names = ['net.ipv4.ip_local_reserved_ports', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_rmem']
    const sysctls = [{ name: 'net.ipv4.tcp_syncookies' }, ...names.map((name) => ({ name }))]
    const fields = names.slice(at).map((_, left) => `${P}.sysctls[${at + left + 1}].name`)
    return { check: 'sysctls', version, spec: pod({ sysctls }), detail: names.slice(at).join(', '), fields }
  }),

  { check: 'windowsHostProcess', spec: pod({ windowsOptions: { hostProcess: false } }) },
  {
    check: 'windowsHostProcess',
    spec: pod({ windowsOptions: { hostProcess: true } }),
    detail: 'pod must not set securityContext.windowsOptions.hostProcess=true',
    fields: [`${P}.windowsOptions.hostProcess`],
  },
]

describe('checks', () => {
  const judged = (level: Level, spec: unknown, version: Version = 'latest', annotations: Json = {}) =>
    judgePod({ level, version }, readPod({ annotations }, spec))

  for (const [at, { check, version = 'latest', spec, annotations, detail, fields }] of CASES.entries()) {
    test(`${check} ${detail === undefined ? 'passes' : 'fails'} (${at}, ${version})`, () => {
      const { allowed, failures } = judged('restricted', spec, version, annotations)
      const failure = failures.find((each) => each.check === check)
      assert.deepEqual({ detail: failure?.detail, fields: failure?.fields }, { detail, fields })
      assert.equal(allowed, failures.length === 0)
      assert.equal(judged('privileged', spec, version, annotations).allowed, true)
    })
  }

  test('of baseline hold for baseline too, and the two that others take the place of only there', () => {
    const spec = { ...secure({ capabilities: { add: ['X'] }, procMount: 'Unmasked' }), volumes: [{ name: 'v', hostPath: {} }] }
    const ids = (level: 'baseline' | 'restricted') => judged(level, spec).failures.map(({ check }) => check)
    assert.deepEqual(ids('baseline'), ['capabilities_baseline', 'hostPathVolumes', 'procMount'])
    assert.deepEqual(ids('restricted'), [
      ...['allowPrivilegeEscalation', 'capabilities_restricted', 'procMount_restricted', 'restrictedVolumes', 'runAsNonRoot'],
      'seccompProfile_restricted',
    ])
    const [failure] = judged('baseline', { volumes: [{ name: 'v', hostPath: {} }] }).failures
    assert.deepEqual(failure, {
      check: 'hostPathVolumes',
      reason: 'hostPath volumes',
      detail: 'volume "v"',
      fields: ['spec.volumes[0].hostPath'],
    })
  })

  test('are all in the table', () => {
    const failing = new Set(CASES.filter(({ detail }) => detail !== undefined).map(({ check }) => check))
    assert.deepEqual(
      CHECKS.map(({ id }) => id).filter((id) => !failing.has(id)),
      ['hostPathVolumes'],
    )
  })
})
