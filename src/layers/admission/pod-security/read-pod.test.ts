import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../../core/errors.ts'
import { judgePod } from './evaluate.ts'
import { readPod } from './read-pod.ts'

const container = (fields: object) => ({ containers: [{ name: 'a' }, fields] })

describe('a pod', () => {
  test('with a field of a wrong type is refused, and the field named', () => {
    const cases: readonly (readonly [unknown, string])[] = [
      [7, 'spec'],
      [{ hostNetwork: 'true' }, 'spec.hostNetwork'],
      [{ hostUsers: 0 }, 'spec.hostUsers'],
      [{ os: 'windows' }, 'spec.os'],
      [{ containers: {} }, 'spec.containers'],
      [{ containers: ['a'] }, 'spec.containers[0]'],
      [{ volumes: [{ name: 1 }] }, 'spec.volumes[0].name'],
      [{ volumes: [{ name: 'v', hostPath: '/' }] }, 'spec.volumes[0].hostPath'],
      [{ securityContext: { sysctls: [{ name: [] }] } }, 'spec.securityContext.sysctls[0].name'],
      [{ securityContext: { runAsUser: '0' } }, 'spec.securityContext.runAsUser'],
      [{ securityContext: { runAsUser: 0.5 } }, 'spec.securityContext.runAsUser'],
      [container({ securityContext: { privileged: 'true' } }), 'spec.containers[1].securityContext.privileged'],
      [container({ securityContext: { capabilities: { drop: 'ALL' } } }), 'spec.containers[1].securityContext.capabilities.drop'],
      [container({ securityContext: { capabilities: { drop: ['ALL', 1] } } }), 'spec.containers[1].securityContext.capabilities.drop[1]'],
      [container({ ports: [{ hostPort: 2 ** 31 }] }), 'spec.containers[1].ports[0].hostPort'],
      [container({ livenessProbe: { httpGet: { host: 1 } } }), 'spec.containers[1].livenessProbe.httpGet.host'],
      [container({ lifecycle: { preStop: [] } }), 'spec.containers[1].lifecycle.preStop'],
    ]
    for (const [spec, at] of cases) refuses(() => readPod({}, spec), at)
    refuses(() => readPod({ annotations: { 'a/b': 1 } }, {}), 'metadata.annotations["a/b"]')
    refuses(() => readPod({}, { hostPID: 1 }, 'spec.template.'), 'spec.template.spec.hostPID')
  })

  test('takes null for nothing, as Go does', () => {
    const spec = { containers: [null], volumes: null, securityContext: null, hostPID: null }
    const { containers, volumes, hostPID } = readPod(null, spec)
    assert.deepEqual({ names: containers.map(({ name }) => name), volumes, hostPID }, { names: [''], volumes: [], hostPID: false })
    assert.deepEqual(readPod(undefined, undefined).containers, [])
    const user = (runAsUser: unknown) => readPod({}, { securityContext: { runAsUser } }).own.security.runAsUser
    assert.deepEqual([user(0n), user(2n ** 63n - 1n), user(JSON.parse('9223372036854775807'))], [0, 2 ** 63, 2 ** 63])
    refuses(() => user(2n ** 63n), 'spec.securityContext.runAsUser')
    assert.equal(readPod({}, container({ ports: [{ hostPort: 80n }] })).containers[1]!.ports[0]!.host, 80)
  })

  test('has no fields but its own', () => {
    const spec = JSON.parse(
      '{"__proto__":{"hostPID":true},"containers":[{"name":"a","__proto__":{"securityContext":{"privileged":true}}}]}',
    )
    assert.equal(
      judgePod({ level: 'baseline', version: 'latest' }, readPod(JSON.parse('{"annotations":{"__proto__":"x"}}'), spec)).allowed,
      true,
    )
    assert.equal(judgePod({ level: 'baseline', version: 'latest' }, readPod({}, Object.create({ hostPID: true }))).allowed, true)
  })

  test('of any shape is judged or refused', () => {
    const keys = [
      'containers',
      'securityContext',
      'capabilities',
      'add',
      'ports',
      'hostPort',
      'volumes',
      'hostPath',
      'name',
      'httpGet',
      'lifecycle',
    ]
    const value = fc.letrec((tie) => ({
      any: fc.oneof({ maxDepth: 6 }, fc.constantFrom(null, true, 0, 'a', undefined, 2n ** 70n, Number.NaN), tie('list'), tie('object')),
      list: fc.array(tie('any'), { maxLength: 3 }),
      object: fc.dictionary(fc.constantFrom(...keys), tie('any'), { maxKeys: 4 }),
    }))
    let judged = 0
    fc.assert(
      fc.property(value.any, value.any, (metadata, spec) => {
        try {
          judgePod({ level: 'restricted', version: 'latest' }, readPod(metadata, spec))
          judged++
        } catch (error) {
          assert.ok(error instanceof ThymusError && error.code === 'REVIEW' && error.at !== undefined)
        }
      }),
      { numRuns: 2000 },
    )
    assert.ok(judged > 100)
  })
})

function refuses(run: () => unknown, at: string): void {
  assert.throws(
    run,
    (error) => error instanceof ThymusError && error.code === 'REVIEW' && error.at === at && error.message.startsWith(at),
    at,
  )
}
