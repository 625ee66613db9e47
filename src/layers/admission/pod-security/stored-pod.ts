// A pod of a manifest as the API server would have it when Pod Security sees it: defaults and what is done before a pod is stored
// (k8s.io/kubernetes 1.34: pkg/apis/core/v1/defaults.go, pkg/registry/core/pod/strategy.go), as far as a check looks at the result.

import { APP_ARMOR_ANNOTATION } from './checks/app-armor.ts'
import type { Container, Pod } from './pod.ts'

/** `template`: of a pod that a controller will make; there only the volumes are changed. */
export function storedPod(pod: Pod, template: boolean): Pod {
  return {
    ...pod,
    // A volume without a source, or with one that the server does not know and drops, is an emptyDir.
    volumes: pod.volumes.map((volume) => (volume.restricted === 'unknown' ? { ...volume, restricted: undefined } : volume)),
    containers: template ? pod.containers : pod.containers.map((container) => withAppArmor(pod, withHostPorts(pod, container))),
  }
}

/** In the host's network each port is one of the host. */
function withHostPorts(pod: Pod, container: Container): Container {
  if (!pod.hostNetwork || container.list === 'ephemeralContainers') return container
  return { ...container, ports: container.ports.map(({ container, host }) => ({ container, host: host === 0 ? container : host })) }
}

/** The annotation becomes the field where that says nothing. Other values than this one change no verdict. */
function withAppArmor(pod: Pod, container: Container): Container {
  const { security } = container
  const silent = security.appArmor === undefined && pod.annotations.get(APP_ARMOR_ANNOTATION + container.name) === 'unconfined'
  if (!silent || pod.windows || pod.own.security.appArmor === 'Unconfined') return container
  return { ...container, security: { ...security, appArmor: 'Unconfined' } }
}
