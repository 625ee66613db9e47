import assert from 'node:assert/strict'
import test from 'node:test'
import { type KubernetesObject, valueAt } from '../../formats/kubernetes/object.ts'
import { type ConfigurationOptions, everything, publishBundle, webhookConfigurations } from './configuration.ts'

const OPTIONS: ConfigurationOptions = {
  name: 'thymus',
  at: { service: { namespace: 'thymus', name: 'admission' } },
  bundle: 'PEM',
  failMode: { validate: 'Fail', mutate: 'Ignore' },
}
const RULES = [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }] as const

const webhook = (object: KubernetesObject) => (object.webhooks as readonly KubernetesObject[])[0]!

test('the cluster is told where to ask, about what, for how long, and what to do without an answer', () => {
  const [validating, ...more] = webhookConfigurations(OPTIONS)
  assert.equal(more.length, 0)
  const { rules, ...rest } = webhook(validating!)
  assert.ok(Array.isArray(rules) && rules.length > 0)
  assert.deepEqual(rest, {
    name: 'validate.admission.thymus.dev',
    clientConfig: { service: { namespace: 'thymus', name: 'admission', path: '/v1/admit' }, caBundle: 'UEVN' },
    failurePolicy: 'Fail',
    timeoutSeconds: 3,
    matchPolicy: 'Equivalent',
    sideEffects: 'NoneOnDryRun',
    admissionReviewVersions: ['v1', 'v1beta1'],
    namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system'] }] },
  })
})

test('what goes is asked about only where somebody wants it: what broke a rule from before could not be deleted', () => {
  const operations = (options: Partial<ConfigurationOptions>) =>
    webhookConfigurations({ ...OPTIONS, ...options }).map(
      (object) => (webhook(object).rules as ConfigurationOptions['rules'])![0]!.operations,
    )
  assert.deepEqual(operations({}), [['CREATE', 'UPDATE', 'CONNECT']])
  assert.deepEqual(operations({ rules: everything(true) }), [['CREATE', 'UPDATE', 'CONNECT', 'DELETE']])
})

test('mutators have a configuration of their own, and exemptions hold for both', () => {
  const both = webhookConfigurations({
    ...OPTIONS,
    mutated: RULES,
    exemptLabel: 'thymus.dev/exempt',
    exemptNamespaces: [],
    at: { url: 'https://h:1' },
  })
  assert.deepEqual(
    both.map((object) => [object.kind, webhook(object).failurePolicy, valueAt(webhook(object), 'clientConfig', 'url')]),
    [
      ['MutatingWebhookConfiguration', 'Ignore', 'https://h:1/v1/mutate'],
      ['ValidatingWebhookConfiguration', 'Fail', 'https://h:1/v1/admit'],
    ],
  )
  for (const object of both)
    assert.deepEqual(webhook(object).namespaceSelector, { matchExpressions: [{ key: 'thymus.dev/exempt', operator: 'DoesNotExist' }] })
})

test('new authorities are put into every configuration', async () => {
  const patched: unknown[] = []
  const cluster = { patch: async (object: object, patch: readonly object[]) => void patched.push([object, patch]) }
  await publishBundle(cluster, webhookConfigurations({ ...OPTIONS, mutated: RULES }), 'NEW')
  const patch = [{ op: 'replace', path: '/webhooks/0/clientConfig/caBundle', value: 'TkVX' }]
  assert.deepEqual(
    patched,
    ['Mutating', 'Validating'].map((kind) => [
      { apiVersion: 'admissionregistration.k8s.io/v1', kind: `${kind}WebhookConfiguration`, name: 'thymus' },
      patch,
    ]),
  )
})
