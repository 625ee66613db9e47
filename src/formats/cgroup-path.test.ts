import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recognise } from './cgroup-path.ts'

const ID = 'a1b2c3d4'.repeat(8)
const UID = '0a1b2c3d-1111-2222-3333-444455556666'
const UNDERSCORED = UID.replaceAll('-', '_')

const KNOWN: readonly (readonly [string, ReturnType<typeof recognise>])[] = [
  ['/system.slice/nginx.service', { manager: 'systemd', unit: 'nginx.service' }],
  ['/user.slice/user-1000.slice/session-3.scope', { manager: 'systemd', unit: 'session-3.scope' }],
  [`/docker/${ID}`, { manager: 'docker', container: ID }],
  [`/system.slice/docker-${ID}.scope`, { manager: 'docker', container: ID }],
  [`/system.slice/docker-${ID}.scope/init.scope`, { manager: 'docker', container: ID }],
  [`/default/${ID}`, { manager: 'containerd', container: ID }],
  [`/system.slice/nerdctl-${ID}.scope`, { manager: 'containerd', container: ID }],
  [`/kubepods/besteffort/pod${UID}/${ID}`, { manager: 'containerd', container: ID, pod: UID, qos: 'besteffort' }],
  [`/kubepods/pod${UID}/${ID}`, { manager: 'containerd', container: ID, pod: UID, qos: 'guaranteed' }],
  [
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UNDERSCORED}.slice/cri-containerd-${ID}.scope`,
    { manager: 'containerd', container: ID, pod: UID, qos: 'burstable' },
  ],
  [
    `/kubepods.slice/kubepods-pod${UNDERSCORED}.slice/crio-${ID}.scope/container`,
    { manager: 'cri-o', container: ID, pod: UID, qos: 'guaranteed' },
  ],
  [`/kubepods/burstable/pod${UID}/crio-${ID}`, { manager: 'cri-o', container: ID, pod: UID, qos: 'burstable' }],
  [
    `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UNDERSCORED}.slice`,
    { manager: 'containerd', pod: UID, qos: 'besteffort' },
  ],
  [`/machine.slice/libpod-${ID}.scope/container`, { manager: 'podman', container: ID }],
  [`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`, { manager: 'podman', container: ID }],
  [`/libpod_parent/libpod-${ID}`, { manager: 'podman', container: ID }],
  ['/lxc.payload.web', { manager: 'lxc', name: 'web' }],
  [
    `/docker/${'f'.repeat(64)}/kubelet/kubepods/besteffort/pod${UID}/${ID}`,
    { manager: 'docker', container: ID, pod: UID, qos: 'besteffort' },
  ],
]

test('the groups of every common manager are recognised by their path', () => {
  assert.equal(KNOWN.length, 18)
  for (const [path, expected] of KNOWN) assert.deepEqual(recognise(path), expected, path)
})

test('what follows no convention is nobody’s', () => {
  for (const path of ['/', '', '/thymus/default.web', '/docker', '/docker/short', '/system.slice', `/x-${ID}.scope.d`]) {
    assert.equal(recognise(path), undefined, path)
  }
})
