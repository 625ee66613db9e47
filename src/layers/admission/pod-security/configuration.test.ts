import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ThymusError } from '../../../core/errors.ts'
import { readConfiguration } from './configuration.ts'

const HEAD = { apiVersion: 'pod-security.admission.config.k8s.io/v1', kind: 'PodSecurityConfiguration' }

describe('a configuration', () => {
  test('allows all where it says nothing', () => {
    const { defaults, exemptions } = readConfiguration({ ...HEAD, defaults: { audit: 'baseline', 'warn-version': 'v1.3', warn: '' } })
    assert.deepEqual(defaults, {
      enforce: { level: 'privileged', version: 'latest' },
      audit: { level: 'baseline', version: 'latest' },
      warn: { level: 'privileged', version: 'v1.3' },
    })
    assert.equal(exemptions.usernames.size, 0)
  })

  test('with what is none is refused, and the field named', () => {
    const cases: readonly (readonly [object, string])[] = [
      [{ apiVersion: 'pod-security.admission.config.k8s.io/v2' }, 'kind'],
      [{ kind: 'Other' }, 'kind'],
      [{ extra: 1 }, 'extra'],
      [{ defaults: [] }, 'defaults'],
      [{ defaults: { enforce: 'Baseline' } }, 'defaults.enforce'],
      [{ defaults: { enforce: 1 } }, 'defaults.enforce'],
      [{ defaults: { 'enforce-version': 'v1.01' } }, 'defaults.enforce-version'],
      [{ defaults: { enforced: 'baseline' } }, 'defaults.enforced'],
      [{ exemptions: { users: [] } }, 'exemptions.users'],
      [{ exemptions: { usernames: [''] } }, 'exemptions.usernames[0]'],
      [{ exemptions: { usernames: 'a' } }, 'exemptions.usernames'],
      [{ exemptions: { namespaces: ['a', 'a.b'] } }, 'exemptions.namespaces[1]'],
      [{ exemptions: { runtimeClasses: ['a.b', 'a.b'] } }, 'exemptions.runtimeClasses[1]'],
    ]
    for (const [change, at] of cases) {
      const run = () => readConfiguration({ ...HEAD, ...change })
      assert.throws(run, (error) => error instanceof ThymusError && error.code === 'CONFIG' && error.at === at, JSON.stringify(change))
    }
  })
})
