import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decision, permits } from '../../formats/doors/decision.ts'
import { request as requestSchema } from '../../formats/doors/request.ts'
import { decisionDocument, requestDocument } from './door.ts'
import type { Judgement, Violation } from './judgement.ts'
import { type AdmissionRequest, OPERATIONS } from './review.ts'

const text = fc.string()
const kind = fc.record({ group: text, version: text, kind: text })
const resource = fc.record({ group: text, version: text, resource: text })
const object = fc.option(fc.dictionary(text, fc.jsonValue()), { nil: undefined })
const request: fc.Arbitrary<AdmissionRequest> = fc.record({
  ...{ uid: text, kind, resource, subResource: text, requestSubResource: text, name: text, namespace: text },
  requestKind: fc.option(kind, { nil: undefined }),
  requestResource: fc.option(resource, { nil: undefined }),
  operation: fc.constantFrom(...OPERATIONS),
  userInfo: fc.record({ username: text, uid: text, groups: fc.array(text), extra: fc.dictionary(text, fc.array(text)) }),
  ...{ object, oldObject: object, dryRun: fc.boolean(), options: object },
})
const violation: fc.Arbitrary<Violation> = fc.record(
  { policy: text, rule: text, message: text, action: fc.constantFrom('deny' as const, 'warn' as const, 'dryrun' as const), field: text },
  { requiredKeys: ['policy', 'rule', 'message', 'action'] },
)

test('every admission request is a request at the door', () => {
  fc.assert(
    fc.property(request, fc.nat(4e12), (request, at) => {
      const document = requestDocument(request, at, { mode: 'enforce' })
      assert.equal(requestSchema.safeParse(JSON.parse(JSON.stringify(document))).error, undefined)
      assert.equal(document.request.operation, request.operation)
      assert.equal(document.subject.user.username ?? '', request.userInfo.username)
    }),
  )
})

test('every judgement is a decision that permits what was allowed', () => {
  fc.assert(
    fc.property(fc.array(violation), fc.array(text), fc.boolean(), fc.boolean(), (violations, warnings, allows, fails) => {
      const allowed = allows && violations.every(({ action }) => action !== 'deny')
      const judgement: Judgement = { allowed, warnings, auditAnnotations: {}, violations }
      const document = decisionDocument(judgement, fails ? { code: 'ADMISSION_LATE', text: 'late' } : undefined)
      assert.equal(decision.safeParse(JSON.parse(JSON.stringify(document))).error, undefined)
      assert.equal(permits(document), allowed)
      assert.equal(document.effect === 'unknown', fails)
      assert.equal(document.enforced, document.mode === 'enforce')
      if (!fails && !allowed) assert.ok(document.because.some(({ mode }) => mode === 'enforce'))
    }),
  )
})

describe('a judgement', () => {
  const judgement: Judgement = { allowed: true, warnings: [], auditAnnotations: {}, violations: [] }
  const found = (action: Violation['action']): Violation => ({
    policy: 'K8sNoRoot/all',
    rule: 'a.rego:3',
    message: 'no',
    action,
    field: 'spec',
  })

  test('of a policy that only warns is a denial that is not enforced', () => {
    const { effect, enforced, mode, because } = decisionDocument({ ...judgement, violations: [found('dryrun'), found('warn')] })
    assert.deepEqual([effect, enforced, mode], ['deny', false, 'shadow'])
    assert.deepEqual(because[1], { policy: 'K8sNoRoot/all', rule: 'a.rego:3', message: 'no', mode: 'shadow', field: 'spec' })
  })

  test('that refuses without a policy has its message', () => {
    const { effect, because } = decisionDocument({
      ...judgement,
      allowed: false,
      message: 'the label is none',
      violations: [found('warn')],
    })
    assert.deepEqual([effect, because[0]], ['deny', { message: 'the label is none', mode: 'enforce' }])
    assert.equal(because.length, 2)
  })

  test('that is not there is unknown, whatever the fail mode let through', () => {
    const late = { code: 'ADMISSION_LATE', text: 'there was no judgement in time' }
    const [open, closed] = [true, false].map((allowed) => decisionDocument({ ...judgement, allowed }, late))
    assert.deepEqual([open!.effect, open!.enforced, open!.mode], ['unknown', false, 'shadow'])
    assert.deepEqual([closed!.effect, closed!.enforced, closed!.mode], ['unknown', true, 'enforce'])
  })
})
