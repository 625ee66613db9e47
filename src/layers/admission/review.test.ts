import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../core/errors.ts'
import { type ReadReviewOptions, readReview } from './review.ts'

const POD = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'b' } }
const REQUEST = {
  uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
  kind: { group: '', version: 'v1', kind: 'Pod' },
  resource: { group: '', version: 'v1', resource: 'pods' },
  requestKind: { group: '', version: 'v1', kind: 'Pod' },
  name: 'a',
  namespace: 'b',
  operation: 'CREATE',
  userInfo: { username: 'admin', groups: ['system:masters'], extra: { k: ['v'] } },
  object: POD,
  oldObject: null,
  dryRun: true,
  options: { apiVersion: 'meta.k8s.io/v1', kind: 'CreateOptions' },
}
const review = (request: object, more: object = {}) => ({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request, ...more })

function refused(value: unknown, options?: ReadReviewOptions): string {
  try {
    readReview(value, options)
  } catch (error) {
    assert.ok(error instanceof ThymusError && error.code === 'REVIEW', String(error))
    return `${error.at ?? ''}: ${error.message}`
  }
  return 'read'
}

test('a request is read with the names of its JSON, and what is left out is empty', () => {
  assert.deepEqual(readReview(review(REQUEST)), {
    apiVersion: 'admission.k8s.io/v1',
    request: {
      ...REQUEST,
      subResource: '',
      requestResource: undefined,
      requestSubResource: '',
      userInfo: { ...REQUEST.userInfo, uid: '' },
      oldObject: undefined,
    },
  })
  assert.equal(readReview(review(REQUEST, { apiVersion: 'admission.k8s.io/v1beta1' })).apiVersion, 'admission.k8s.io/v1beta1')
})

test('what cannot be answered is refused with its place', () => {
  const without = (name: keyof typeof REQUEST) => review({ ...REQUEST, [name]: undefined })
  const cases: readonly (readonly [unknown, string])[] = [
    [null, ': no object'],
    [[], ': no object'],
    ['x', ': no object'],
    [{}, 'apiVersion: missing'],
    [
      review(REQUEST, { apiVersion: 'admission.k8s.io/v2' }),
      'apiVersion: "admission.k8s.io/v2" is not admission.k8s.io/v1 or admission.k8s.io/v1beta1',
    ],
    [review(REQUEST, { kind: 'Pod' }), 'kind: "Pod" is not AdmissionReview'],
    [review(null as never), 'request: missing'],
    [review([]), 'request: no object'],
    [without('uid'), 'request.uid: missing'],
    [without('kind'), 'request.kind: missing'],
    [without('resource'), 'request.resource: missing'],
    [without('userInfo'), 'request.userInfo: missing'],
    [without('operation'), 'request.operation: missing'],
    [without('object'), 'request.object: missing in a request to CREATE'],
    [review({ ...REQUEST, operation: 'DELETE' }), 'request.oldObject: missing in a request to DELETE'],
    [review({ ...REQUEST, operation: 'PATCH' }), 'request.operation: "PATCH" is not CREATE or UPDATE or DELETE or CONNECT'],
    [review({ ...REQUEST, uid: 1 }), 'request.uid: no text'],
    [review({ ...REQUEST, kind: { kind: 'Pod' } }), 'request.kind.version: missing'],
    [review({ ...REQUEST, object: 'x' }), 'request.object: no object'],
    [review({ ...REQUEST, dryRun: 'yes' }), 'request.dryRun: neither true nor false'],
    [review({ ...REQUEST, userInfo: { groups: ['a', 1] } }), 'request.userInfo.groups[1]: no text'],
    [review({ ...REQUEST, userInfo: { extra: { a: 'b' } } }), 'request.userInfo.extra.a: no list'],
  ]
  for (const [value, words] of cases) assert.equal(refused(value), words)
})

test('fields that are not known are passed over, or refused where reading is strict', () => {
  for (const [value, words] of [
    [review(REQUEST, { more: 1 }), ': the field "more" is not known'],
    [review({ ...REQUEST, more: 1 }), 'request: the field "more" is not known'],
    [review({ ...REQUEST, kind: { ...REQUEST.kind, more: 1 } }), 'request.kind: the field "more" is not known'],
    [review({ ...REQUEST, userInfo: { more: 1 } }), 'request.userInfo: the field "more" is not known'],
  ] as const) {
    assert.equal(refused(value), 'read')
    assert.equal(refused(value, { strict: true }), words)
  }
  assert.equal(refused(review({ ...REQUEST, object: { ...POD, more: 1 } }), { strict: true }), 'read')
})

test('names of the prototype are no fields', () => {
  const value = JSON.parse(JSON.stringify(review(REQUEST)).replace('"k":', '"__proto__":'))
  assert.deepEqual(Object.entries(readReview(value).request.userInfo.extra), [['__proto__', ['v']]])
  assert.equal(refused(JSON.parse(`{"__proto__":${JSON.stringify(review(REQUEST))}}`)), 'apiVersion: missing')
  assert.equal(refused(review(Object.create(REQUEST))), 'request.operation: missing')
  assert.equal(({} as { uid?: string }).uid, undefined)
})

test('whatever stands in a field, it is read or refused with its code', () => {
  const names = [...Object.keys(REQUEST), 'subResource', '__proto__', 'constructor']
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 4 }), fc.boolean(), (name, value, strict) => {
      refused(review({ ...REQUEST, [name]: value }), { strict })
    }),
    { numRuns: 500 },
  )
})
