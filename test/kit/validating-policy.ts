// Policies, bindings and requests of Kubernetes for tests.
import type { Fields, KubernetesObject } from '../../src/formats/kubernetes/object.ts'

export const PODS = { apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['pods'] }

const registered = (kind: string, name: string, spec: Fields): KubernetesObject => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind,
  metadata: { name },
  spec,
})

export const madePolicy = (name: string, spec: Fields) => registered('ValidatingAdmissionPolicy', name, spec)

/** Of the policy of its name, unless there is another. */
export const madeBinding = (name: string, spec: Fields = {}) =>
  registered('ValidatingAdmissionPolicyBinding', name, { policyName: name, validationActions: ['Deny'], ...spec })

export const policyObject = (spec: Fields = {}) =>
  madePolicy('few', {
    matchConstraints: { resourceRules: [PODS] },
    validations: [{ expression: 'object.spec.replicas < 5' }],
    ...spec,
  })

export const bindingObject = (spec: Fields = {}) => madeBinding('bound', { policyName: 'few', ...spec })

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
