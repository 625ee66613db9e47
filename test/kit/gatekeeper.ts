// Templates and constraints of Gatekeeper, as people write them.
import type { KubernetesObject } from '../../src/formats/kubernetes/object.ts'

/** A ConstraintTemplate in Rego. @param properties of its parameters, as YAML has them */
export const template = (kind: string, rego: string, properties = '{}') => `
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: ${kind.toLowerCase()}}
spec:
  crd: {spec: {names: {kind: ${kind}}, validation: {openAPIV3Schema: {type: object, properties: ${properties}}}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
${rego.trim().replace(/^/gm, '        ')}
---
`

export const REQUIRED_LABELS = template(
  'K8sRequiredLabels',
  `package k8srequiredlabels
violation[{"msg": msg, "details": {"missing_labels": missing}}] {
  provided := {label | input.review.object.metadata.labels[label]}
  required := {label | label := input.parameters.labels[_]}
  missing := required - provided
  count(missing) > 0
  msg := sprintf("you must provide labels: %v", [missing])
}`,
  '{labels: {type: array, items: {type: string}}}',
)

export const FORBIDDEN_LABELS = template(
  'K8sForbiddenLabels',
  `package k8sforbiddenlabels
violation[{"msg": msg}] {
  label := input.parameters.labels[_]
  input.review.object.metadata.labels[label]
  msg := sprintf("the label %v is forbidden", [label])
}`,
  '{labels: {type: array, items: {type: string}}}',
)

export const UNIQUE_HOST = template(
  'K8sUniqueIngressHost',
  `package k8suniqueingresshost
identical(obj, review) {
  obj.metadata.namespace == review.object.metadata.namespace
  obj.metadata.name == review.object.metadata.name
}
violation[{"msg": msg}] {
  host := input.review.object.spec.rules[_].host
  other := data.inventory.namespace[_]["networking.k8s.io/v1"]["Ingress"][_]
  other.spec.rules[_].host == host
  not identical(other, input.review)
  msg := sprintf("ingress host conflicts with an existing ingress <%v>", [host])
}`,
)

/** It never comes to an end, for objects with the label \`slow\`. */
export const ENDLESS = template(
  'Endless',
  `package endless
violation[{"msg": msg}] {
  input.review.object.metadata.labels.slow
  x := numbers.range(1, 3000)
  y := x[_] * x[_] * x[_] * x[_]
  y == -1
  msg := "never"
}`,
)

export function constraint(kind: string, name: string, spec: object): string {
  return `${JSON.stringify({ apiVersion: 'constraints.gatekeeper.sh/v1beta1', kind, metadata: { name }, spec })}\n---\n`
}

export const kinds = (...names: readonly string[]) => [{ apiGroups: ['*'], kinds: names }]

/** As Gatekeeper makes them, without the schema. */
export function definition(
  group: string,
  version: string,
  kind: string,
  plural: string,
  scope: 'Cluster' | 'Namespaced' = 'Cluster',
): KubernetesObject {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: { group, scope, names: { kind, plural }, versions: [{ name: version, served: true, storage: true, schema }] },
  }
}
