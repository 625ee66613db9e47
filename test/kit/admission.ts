// A judge with rules small enough to be read here, and reviews to ask it about.
import { type Fields, isFields, type KubernetesObject, labelsOf, nameOf, valueAt } from '../../src/formats/kubernetes/object.ts'
import type { AdmissionJudge, Judgement, Violation } from '../../src/layers/admission/judgement.ts'
import type { AdmissionRequest } from '../../src/layers/admission/review.ts'

/** Labels of an object say what is to become of it: `deny`, `warn`, `slow` (milliseconds), `broken`. What has no `team` is given one. */
export const labelJudge: AdmissionJudge = {
  async validate(request) {
    const { deny, warn, slow, broken } = labelsOf(request.object ?? request.oldObject ?? {})
    if (broken !== undefined) throw new Error(`broken: ${broken}`)
    if (slow !== undefined) await new Promise((resolve) => setTimeout(resolve, Number(slow)).unref())
    return judged([...violations('deny', deny), ...violations('warn', warn)])
  },
  async mutate(request) {
    return { ...(await labelJudge.validate(request, { now: 0, milliseconds: 0 })), object: withTeam(request) }
  },
}

const violations = (action: 'deny' | 'warn', label: string | undefined): readonly Violation[] =>
  label === undefined
    ? []
    : [{ policy: 'labels', rule: action, message: `the label says ${label}`, action, field: `metadata.labels.${action}` }]

function judged(violations: readonly Violation[]): Judgement {
  return {
    allowed: violations.every(({ action }) => action !== 'deny'),
    warnings: violations.flatMap(({ action, message }) => (action === 'warn' ? [message] : [])),
    auditAnnotations: {},
    violations,
  }
}

function withTeam({ object }: AdmissionRequest): KubernetesObject | undefined {
  if (object === undefined || labelsOf(object).team !== undefined) return undefined
  const metadata = valueAt(object, 'metadata')
  return { ...object, metadata: { ...(isFields(metadata) ? metadata : {}), labels: { ...labelsOf(object), team: 'none' } } }
}

export function configMap(name: string, labels: Readonly<Record<string, string>> = {}, more: Fields = {}): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', labels }, ...more }
}

/** A review as an API server sends it, to create an object. */
export function reviewOf(object: KubernetesObject, more: Fields = {}): KubernetesObject {
  const [group, version] = ['', String(object.apiVersion)]
  const request = {
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    kind: { group, version, kind: object.kind },
    resource: { group, version, resource: `${String(object.kind).toLowerCase()}s` },
    name: nameOf(object),
    namespace: 'default',
    operation: 'CREATE',
    userInfo: { username: 'admin', groups: ['system:masters'] },
    object,
    oldObject: null,
    dryRun: false,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    ...more,
  }
  return { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request }
}
