import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readObjects } from './document.ts'

const read = (text: string) => readObjects({ file: 'f.yaml', text })

describe('the objects of a file', () => {
  test('lists are taken apart, typed ones give their items a kind, and every field keeps its line', () => {
    const { objects, skipped } = read(`# Source: chart/templates/a.yaml
# and a remark
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Secret
    metadata: {name: one}
  - apiVersion: v1
    kind: PodList
    items:
      - metadata:
          name: two
  - 5
---
# Source: chart/templates/b.yaml
kind: Deployment
apiVersion: apps/v1
---
apiVersion: v1
kind: Pod
`)
    assert.deepEqual(
      objects.map(({ object, source, place }) => [object.kind, source, place([]).line, place(['metadata', 'name']).line]),
      [
        ['Secret', 'chart/templates/a.yaml', 6, 8],
        ['Pod', 'chart/templates/a.yaml', 12, 13],
        ['Deployment', 'chart/templates/b.yaml', 17, 17],
        ['Pod', '', 20, 20],
      ],
    )
    assert.equal(objects[1]!.object.apiVersion, 'v1')
    assert.equal(skipped, 1)
  })

  test('what is no object of a cluster is counted', () => {
    const { objects, skipped } = read(`replicas: 2
---
[a, b]
---
just a text
---
apiVersion: v2
name: chart
---
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
---
kind: Pod
---
apiVersion: apps/
kind: Deployment
---
# nothing
`)
    assert.deepEqual([objects.length, skipped], [0, 7])
  })

  test('an item says what it is before its list does', () => {
    const { objects } = read('apiVersion: v1\nkind: PodList\nitems: [{kind: Service, apiVersion: v1}, {kind: Other}]\n')
    assert.deepEqual(
      objects.map(({ object }) => object.kind),
      ['Service', 'Other'],
    )
  })

  test('JSON has its own way with characters, and tabs', () => {
    const text = '{\n\t"apiVersion": "v1",\n\t"kind": "Pod", "metadata": {"name": "\\ud83d\\ude00 \\\\ud83d\\u00e9 \\/"}\n}\n'
    assert.deepEqual(read(text).objects[0]!.object, JSON.parse(text))
  })

  test('a template that was not rendered is told from a file that is broken', () => {
    const error = { code: 'MANIFEST', at: /^f\.yaml:\d+:\d+$/ }
    assert.throws(() => read('a: {{ .Values.a }}\n'), { ...error, message: /helm template/ })
    assert.throws(
      () => read('a: b\n  c: d\n'),
      (thrown: Error) => !/helm/.test(thrown.message),
    )
  })
})
