import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constraint, kinds, template } from '../../../../test/kit/gatekeeper.ts'
import type { KubernetesObject } from '../../../formats/kubernetes/object.ts'
import { loadAdmission } from '../loading.ts'
import { readObjects } from '../manifests/document.ts'
import type { EnforcementPoint } from './constraint.ts'
import { reviewExpanded } from './expanded-review.ts'
import { questionOf } from './question.ts'

const surroundings = () => ({ now: 0n, clock: () => 0, random: () => 0 })
const EXPANSION = `
apiVersion: expansion.gatekeeper.sh/v1beta1
kind: ExpansionTemplate
metadata: {name: pods}
spec:
  applyTo: [{groups: [apps], versions: [v1], kinds: [Deployment]}]
  templateSource: spec.template
  generatedGVK: {group: '', version: v1, kind: Pod}
---
`
const deployment = (metadata: object, template: object): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', ...metadata },
  spec: { template },
})
const load = (...texts: readonly string[]) =>
  loadAdmission(readObjects({ file: 'f', text: EXPANSION + texts.join('') }).objects, { surroundings })

test('pods of a file that names no namespace are in none, whatever their template says', () => {
  const always = template('Always', 'package x\nviolation[{"msg": "no"}] { true }')
  const match = { kinds: kinds('Pod'), excludedNamespaces: ['kube-system'] }
  const { library, expander } = load(always, constraint('Always', 'a', { match }))
  const found = (metadata: object) => {
    const question = questionOf(deployment(metadata, { metadata: { namespace: 'kube-system' } }), 'Original')
    return reviewExpanded(library, expander, question, 'gator.gatekeeper.sh').map(({ message }) => message)
  }
  assert.deepEqual(found({}), ['[Implied by pods] no'])
  assert.deepEqual(found({ namespace: 'shop' }), ['[Implied by pods] no'])
  assert.deepEqual(found({ namespace: 'kube-system' }), [])
})

test('what will be made of an object is judged in the operation of the object, and as what goes away on DELETE', () => {
  const rego = (condition: string) => `package x\nviolation[{"msg": "no"}] { ${condition} }`
  const only = template('Only', rego('true')).replace('      rego:', '      operations: [CREATE, UPDATE]\n      rego:')
  const gone = 'input.review.operation == "DELETE"; input.review.object == input.review.oldObject'
  const templates = [
    only,
    template('Creating', rego('input.review.operation == "CREATE"; input.review.oldObject == null')),
    template('Going', rego(gone)),
    template('Silent', rego('input.review.operation == ""')),
  ]
  const constraints = ['Only', 'Creating', 'Going', 'Silent'].map((kind) => constraint(kind, 'a', { match: { kinds: kinds('Pod') } }))
  const { library, expander } = load(...templates, ...constraints)
  const asked = (operation: string, point: EnforcementPoint) => {
    const question = questionOf(deployment({}, {}), 'Original', undefined, operation)
    return reviewExpanded(library, expander, question, point).map(({ constraint: { kind } }) => kind)
  }
  const webhook = (operation: string) => asked(operation, 'validation.gatekeeper.sh')
  assert.deepEqual(webhook('CREATE'), ['Creating', 'Only'])
  assert.deepEqual(webhook('UPDATE'), ['Only'])
  assert.deepEqual(webhook('DELETE'), ['Going'])
  // What nobody sends has no operation, and so has what it makes.
  for (const point of ['audit.gatekeeper.sh', 'gator.gatekeeper.sh'] as const) assert.deepEqual(asked('', point), ['Only', 'Silent'])
})
