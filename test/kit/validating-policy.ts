// Policies, bindings and requests of Kubernetes for tests.
import type { Fields, KubernetesObject } from '../../src/formats/kubernetes/object.ts'

export const PODS = { apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['pods'] }

export function policyObject(spec: Fields = {}): KubernetesObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: 'few', uid: 'u' },
    spec: { matchConstraints: { resourceRules: [PODS] }, validations: [{ expression: 'object.spec.replicas < 5' }], ...spec },
  }
}

export function bindingObject(spec: Fields = {}): KubernetesObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: 'bound' },
    spec: { policyName: 'few', validationActions: ['Deny'], ...spec },
  }
}

const POD_RESOURCE = { group: '', version: 'v1', resource: 'pods' }
export const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
  spec: { replicas: 9 },
}
export const SHOP = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { tier: 'front' } } }

export function requestFor(fields: Fields = {}): Fields {
  return {
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: POD_RESOURCE,
    requestResource: POD_RESOURCE,
    operation: 'CREATE',
    name: 'web',
    namespace: 'shop',
    userInfo: { username: 'ann' },
    object: POD,
    oldObject: null,
    ...fields,
  }
}
