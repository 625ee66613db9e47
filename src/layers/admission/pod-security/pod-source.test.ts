import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judgePod } from './evaluate.ts'
import type { Level } from './level.ts'
import { podIn } from './pod-source.ts'

const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/'

const details = (object: Record<string, unknown>, level: Level = 'baseline') =>
  judgePod({ level, version: 'v1.34' }, podIn(object)!).failures.map(({ check, detail }) => `${check}: ${detail}`)

describe('a manifest', () => {
  test('has its pod where its kind has it', () => {
    const pod = { spec: { hostPID: true } }
    const template = { spec: { template: pod } }
    const kinds: readonly (readonly [apiVersion: string, kind: string, object: object, path: string])[] = [
      ['v1', 'Pod', pod, 'spec.hostPID'],
      ['v1', 'PodTemplate', { template: pod }, 'template.spec.hostPID'],
      ['v1', 'ReplicationController', template, 'spec.template.spec.hostPID'],
      ...['ReplicaSet', 'Deployment', 'StatefulSet', 'DaemonSet'].map(
        (kind) => ['apps/v1', kind, template, 'spec.template.spec.hostPID'] as const,
      ),
      ['batch/v1', 'Job', template, 'spec.template.spec.hostPID'],
      ['batch/v1', 'CronJob', { spec: { jobTemplate: template } }, 'spec.jobTemplate.spec.template.spec.hostPID'],
    ]
    for (const [apiVersion, kind, object, path] of kinds) {
      const { failures } = judgePod({ level: 'baseline', version: 'latest' }, podIn({ apiVersion, kind, ...object })!)
      assert.deepEqual(failures[0]?.fields, [path], kind)
    }
    assert.equal(podIn({ apiVersion: 'v1', kind: 'Deployment', ...template }), undefined)
    assert.equal(podIn({ apiVersion: 'v1', kind: 'ReplicationController', spec: {} }), undefined)
    assert.deepEqual(podIn({ apiVersion: 'apps/v1', kind: 'Deployment' })?.containers, [])
  })

  test('is judged with the defaults that it will have', () => {
    const volumes = [{ name: 'v' }, { name: 'w', notKnown: {} }]
    assert.ok(!details({ apiVersion: 'v1', kind: 'Pod', spec: { volumes } }, 'restricted').some((text) => text.includes('volume')))

    const spec = { hostNetwork: true, containers: [{ name: 'a', ports: [{ containerPort: 80 }, { containerPort: 81, hostPort: 8 }] }] }
    const ports = 'hostPorts: container "a" uses hostPorts 8, 80'
    assert.ok(details({ apiVersion: 'v1', kind: 'Pod', spec }).includes(ports))
    assert.ok(!details({ apiVersion: 'apps/v1', kind: 'Deployment', spec: { template: { spec } } }).includes(ports))
    assert.ok(!details({ apiVersion: 'v1', kind: 'Pod', spec: { ...spec, hostNetwork: false } }).includes(ports))

    const metadata = { annotations: { [`${APP_ARMOR}a`]: 'unconfined' } }
    const told = (who: string, values: string) => [`appArmorProfile: ${who} must not set AppArmor profile type to ${values}`]
    const annotation = `"${APP_ARMOR}a="unconfined""`
    const pod = (more: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'a' }], ...more } })
    assert.deepEqual(details(pod({})), told('container "a" and annotation', `"Unconfined", ${annotation}`))
    assert.deepEqual(details(pod({ os: { name: 'windows' } })), told('annotation', annotation))
    const securityContext = { appArmorProfile: { type: 'Unconfined' } }
    assert.deepEqual(details(pod({ securityContext })), told('pod and annotation', `"Unconfined", ${annotation}`))
  })
})
