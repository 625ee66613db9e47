import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFields, valueAt } from '../../../formats/kubernetes/object.ts'
import { fieldPathText } from '../field-path.ts'
import { culprit } from './field.ts'

type Container = Readonly<Record<string, unknown>>
const containers = (object: unknown) => (valueAt(object, 'spec', 'containers') ?? []) as readonly Container[]
const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', labels: { 'a/b': 'x' } },
  spec: {
    containers: [
      { name: 'good', image: 'ours/a', securityContext: { runAsNonRoot: true } },
      { name: 'bad', image: 'other/b', securityContext: { privileged: true }, ports: [{ hostPort: 80 }] },
    ],
  },
}
const cases: readonly (readonly [what: string, objects: (object: unknown) => boolean, field: string])[] = [
  [
    'a value',
    (pod) => containers(pod).some((each) => valueAt(each, 'securityContext', 'privileged') === true),
    'spec.containers[1].securityContext.privileged',
  ],
  [
    'a text, in words that name its holder',
    (pod) => containers(pod).some(({ name, image }) => name !== undefined && typeof image === 'string' && !image.startsWith('ours/')),
    'spec.containers[1].image',
  ],
  [
    'what is missing',
    (pod) => containers(pod).some((each) => valueAt(each, 'securityContext', 'runAsNonRoot') !== true),
    'spec.containers[1]',
  ],
  [
    'a number in a list',
    (pod) => containers(pod).some(({ ports }) => Array.isArray(ports) && ports.some(({ hostPort }) => hostPort === 80)),
    'spec.containers[1].ports[0].hostPort',
  ],
  ['a label with a name of its own', (pod) => valueAt(pod, 'metadata', 'labels', 'a/b') === 'x', 'metadata.labels["a/b"]'],
  ['a name itself', (pod) => valueAt(pod, 'metadata', 'name') === 'p', 'metadata.name'],
  ['the object as a whole', () => true, ''],
  ['several fields together', (pod) => containers(pod).length > 1, 'spec.containers'],
]
for (const [what, objects, field] of cases) {
  test(what, () => {
    const before = structuredClone(POD)
    assert.equal(fieldPathText(culprit(POD, objects)), field)
    assert.deepEqual(POD, before)
  })
}

test('a large object ends after some attempts', () => {
  const wide = { spec: Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`f${n}`, n])) }
  let tries = 0
  culprit(wide, (object) => {
    tries++
    return isFields(object.spec) && object.spec.f9999 === 9_999
  })
  assert.ok(tries <= 200, String(tries))
})
